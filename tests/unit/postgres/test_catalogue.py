from __future__ import annotations

import pytest

from migsafe.model.operation import DataType
from migsafe.postgres.catalogue import build_catalogue, data_type
from migsafe.postgres.rows import CatalogueRows, SequenceRow, TypeRow


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (TypeRow("integer", None, None, 0), DataType("integer")),
        (TypeRow("numeric", None, "numeric(10,2)", 0), DataType("numeric", ("10", "2"))),
        (TypeRow("character varying", None, "character varying(9)", 2), DataType("character varying", ("9",), 2)),
        (
            TypeRow("timestamp with time zone", None, "timestamp(3) with time zone", 0),
            DataType("timestamp with time zone", ("3",)),
        ),
        (TypeRow("interval", None, "interval day to second(2)", 0), DataType("interval", ("day to second", "2"))),
        (TypeRow("interval", None, "interval year to month", 0), DataType("interval", ("year to month",))),
        (TypeRow("interval", None, "interval(3)", 0), DataType("interval", ("3",))),
        (TypeRow("geometry", "gis", "geometry(Point,4326)", 0), DataType("geometry", ("Point", "4326"), 0, "gis")),
        (TypeRow("mood", "shop", None, 1), DataType("mood", (), 1, "shop")),
    ],
)
def test_types_come_apart(row: TypeRow, expected: DataType) -> None:
    assert data_type(row) == expected


EMPTY = CatalogueRows(["app", "public"], [], [], *([] for _ in CatalogueRows._fields[3:]))


def test_the_search_path_is_the_sessions() -> None:
    assert build_catalogue(EMPTY).search_path == ("app", "public")


def test_a_sequence_without_an_owner() -> None:
    catalogue = build_catalogue(EMPTY._replace(sequences=[SequenceRow("s", "n", "bigint", None, None, None)]))
    (sequence,) = catalogue.sequences.values()
    assert sequence.owned_by is None
