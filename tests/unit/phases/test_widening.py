"""Which types hold every value of another."""

from __future__ import annotations

import pytest

from migsafe.model.operation import DataType
from migsafe.phases.widening import holds_every_value


def _type(text: str) -> DataType:
    name, _, rest = text.partition("(")
    dimensions = text.count("[]")
    return DataType(name.removesuffix("[]"), tuple(rest.rstrip(")").split(",")) if rest else (), dimensions)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("integer", "bigint"),
        ("int", "bigint"),
        ("tinyint", "int"),
        ("integer", "numeric"),
        ("numeric(10,2)", "numeric(12,2)"),
        ("numeric(10,2)", "numeric"),
        ("numeric(10,2)", "numeric(12,4)"),
        ("real", "double precision"),
        ("varchar(255)", "varchar(768)"),
        ("char(36)", "varchar(36)"),
        ("varchar(2048)", "text"),
        ("character varying", "text"),
        ("text", "character varying"),
        ("blob", "mediumblob"),
        ("text", "longtext"),
        ("integer[]", "bigint[]"),
    ],
)
def test_a_wider_type_holds_every_value(old: str, new: str) -> None:
    assert holds_every_value(_type(old), _type(new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("bigint", "integer"),
        ("numeric(10,2)", "numeric(10,4)"),
        ("numeric(10,2)", "numeric(9,2)"),
        ("numeric", "numeric(10,2)"),
        ("integer", "numeric(5,2)"),
        ("integer", "text"),
        ("integer", "real"),
        ("varchar(255)", "varchar(36)"),
        ("text", "varchar(255)"),
        ("varchar(300)", "tinytext"),
        ("longtext", "text"),
        ("varchar(10)", "char"),
        ("mediumblob", "blob"),
        ("text", "json"),
        ("integer", "bigint[]"),
        ("mood", "feeling"),
    ],
)
def test_what_may_not_fit_or_is_of_another_kind(old: str, new: str) -> None:
    assert not holds_every_value(_type(old), _type(new))
