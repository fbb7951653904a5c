"""The text of a column's type → SQLAlchemy's type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import types
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Dialect

_SHAPE = re.compile(
    r"^\s*(?P<head>(?:\"[^\"]*\"|[^(\"])*?)\s*(?:\((?P<arguments>(?:[^()']|'(?:[^']|'')*')*)\))?"
    r"(?P<tail>[^()\[\]]*)(?P<array>(?:\[\d*\])*)\s*$"
)
_STRINGS = re.compile(r"'((?:[^']|'')*)'")
_SYNONYMS = {
    "varchar": "character varying", "char": "character", "int": "integer", "int4": "integer", "serial": "integer",
    "int8": "bigint", "bigserial": "bigint", "int2": "smallint", "smallserial": "smallint", "bool": "boolean",
    "decimal": "numeric", "float8": "double precision", "float4": "real", "varbit": "bit varying",
    "timestamptz": "timestamp with time zone", "timetz": "time with time zone",
    "timestamp": "timestamp without time zone", "time": "time without time zone",
}  # fmt: skip


class TextType(types.UserDefinedType[Any]):
    """A type that is known only by what is written for it."""

    cache_ok = True

    def __init__(self, text: str) -> None:
        self.text = text

    def get_col_spec(self, **_: object) -> str:
        """The text itself."""
        return self.text


def column_type(text: str, dialect: Dialect, enums: Mapping[str, list[str]]) -> types.TypeEngine[Any]:
    """The type that a piece of SQL names.

    Args:
        enums: values by name, of the enum types that exist.
    """
    shape = _SHAPE.match(text)
    if shape is None:
        return TextType(text)
    words = f"{shape['head']} {shape['tail']}".strip()
    arguments = shape["arguments"] or ""
    found = _named(words, arguments, dialect, enums) or TextType(text.removesuffix(shape["array"]))
    return postgresql.ARRAY(found, dimensions=shape["array"].count("[")) if shape["array"] else found


def _named(
    words: str, arguments: str, dialect: Dialect, enums: Mapping[str, list[str]]
) -> types.TypeEngine[Any] | None:
    if dialect.name == "sqlite":
        return _built(dialect.ischema_names.get(words.upper()), words, arguments)  # type: ignore[attr-defined] # every dialect here has it
    plain = words.split(".")[-1].strip('"')
    if dialect.name == "postgresql" and plain in enums:
        return postgresql.ENUM(*enums[plain], name=plain, create_type=False)
    lowered = re.sub(r"\s+", " ", words.lower())
    if dialect.name == "postgresql":
        lowered = _SYNONYMS.get(lowered, lowered)
        return _built(dialect.ischema_names.get(lowered), lowered, arguments)  # type: ignore[attr-defined] # as above
    known = dialect.ischema_names.get(lowered.split(" ")[0])  # type: ignore[attr-defined] # as above
    return _built(known, lowered, arguments)


def _built(known: Any, words: str, arguments: str) -> types.TypeEngine[Any] | None:
    if known is None:
        return None
    positional: list[Any] = [_number_or_text(part) for part in re.split(r",\s*", arguments) if part]
    if strings := _STRINGS.findall(arguments):
        positional = [string.replace("''", "'") for string in strings]
    keywords: dict[str, Any] = {}
    if words.startswith(("timestamp", "time")) and "zone" in words:
        keywords["timezone"] = "with time zone" in words
        if positional:
            keywords["precision"] = positional.pop()
    if words == "double precision":
        positional = [53]
    if "varying" in words and words.startswith("bit"):
        keywords["varying"] = True
    if "unsigned" in words:
        keywords["unsigned"] = True
    return _instance(known, positional, keywords)


def _instance(known: Any, positional: list[Any], keywords: dict[str, Any]) -> types.TypeEngine[Any] | None:
    """The type with what it takes of the arguments: some take none."""
    for arguments, options in ((positional, keywords), ([], keywords), ([], {})):
        try:
            built: types.TypeEngine[Any] = known(*arguments, **options)
        except TypeError:
            continue
        return built
    return None


def _number_or_text(part: str) -> int | str:
    return int(part) if part.strip().lstrip("-").isdigit() else part
