"""Parameters as libraries write them → `$1`, `$2` and so on, as Postgres knows them.

Read are `$1`; `:name`; `@name`, `sqlc.arg(name)`, `sqlc.narg(name)`, `sqlc.slice(name)` and `sqlc.embed(table)` of
sqlc; `%(name)s` and `%s` of psycopg; `?` of JDBC and others. Nothing in a string, a quoted name or a comment is one,
and neither are operators that look alike: `a::int`, `a @> b`, `a <@ b`, `data ? 'key'`, `data ?| keys`, `5 % s`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from migsafe.model.names import quote_identifier
from migsafe.shadow.compat.scan import Part, parts

_SQLC = re.compile(
    r"sqlc\s*\.\s*(?P<function>n?arg|slice|embed)\s*\(\s*(?P<quote>['\"]?)(?P<name>\w+)(?P=quote)\s*\)", re.I
)
_COLON = re.compile(r":(?P<name>[A-Za-z_]\w*)")
_AT = re.compile(r"@(?P<name>[A-Za-z_]\w*)")
_PERCENT = re.compile(r"%(?:\((?P<name>[^()%]*)\))?[sbt](?!\w)")
_OPERATOR_SIGNS = frozenset("+-*/<>=~!@#%^&|`?")

#: Words behind which a value stands, so that `?` cannot be an operator and `%s` cannot be a remainder.
_BEFORE_VALUES = frozenset(
    """all and any as asc between by case collate cross desc distinct do else escape except fetch for from full
    group having ilike in inner intersect into is join left like limit natural not offset on only or order outer
    over overlaps placing returning right select set similar some symmetric then to union using values when where with
    date interval time timestamp timestamptz""".split()  # noqa: SIM905  # sixty strings are no easier to read
)


@dataclass(slots=True)
class _Parameters:
    """The numbers that names have, and those without a name."""

    by_name: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def named(self, name: str) -> str:
        if name not in self.by_name:
            self.by_name[name] = self.unnamed_number()
        return f"${self.by_name[name]}"

    def unnamed(self) -> str:
        return f"${self.unnamed_number()}"

    def unnamed_number(self) -> int:
        self.count += 1
        return self.count


@dataclass(frozen=True, slots=True)
class Numbered:
    """A statement with numbered parameters.

    Attributes:
        names: what the parameters were called, `$1` first; empty when they had no names, or numbers already.
    """

    sql: str
    names: tuple[str, ...] = ()


def number_parameters(sql: str, *, percent: bool = False) -> Numbered:
    """Write a statement's parameters as numbers; in one that has numbers already, only sqlc's functions are read.

    Where the parameters are psycopg's, `%%` is `%`, in strings too: that is how psycopg sends it.

    Args:
        sql: one statement.
        percent: it goes through psycopg, also when it has no parameters.
    """
    found = list(parts(sql))
    writer = _Writer(sql, found, highest_parameter(found))
    text = writer.run()
    if percent or writer.percent:
        text = text.replace("%%", "%")
    return Numbered(text, tuple(writer.parameters.by_name))


def highest_parameter(found: Iterable[Part]) -> int:
    """The highest `$n` among the parts of a statement; 0 when there is none, or none that can be meant."""
    numbers = (part.text[1:] for part in found if part.kind == "number" and part.text.startswith("$"))
    return max((int(number) for number in numbers if number.isdigit() and len(number) < 6), default=0)


class _Writer:
    def __init__(self, sql: str, found: list[Part], numbered: int) -> None:
        self._sql = sql
        self._parts = found
        self._numbered = numbered > 0
        self._out: list[str] = []
        self._before: Part | None = None
        """The last part that is no space and no comment."""
        self.parameters = _Parameters(count=numbered)
        self.percent = False

    def run(self) -> str:
        skip_to = 0
        for part in self._parts:
            if part.start < skip_to:
                continue
            replaced = self._replacement(part)
            if replaced is None:
                self._out.append(part.text)
            else:
                text, skip_to = replaced
                self._out.append(text)
                part = Part("number", text, part.start)  # a value stands here now
            if not part.is_silent:
                self._before = part
        return "".join(self._out)

    def _replacement(self, part: Part) -> tuple[str, int] | None:
        """The text for a parameter that begins here, and where to go on; None when none does."""
        if part.kind == "word":
            return self._sqlc(part) if part.text.lower() == "sqlc" else None
        if part.kind != "code" or self._numbered:
            return None
        if part.text == ":" and self._previous_sign(part) not in {":", "\\", "w"}:
            return self._named(_COLON, part)
        if part.text == "@" and self._previous_sign(part) not in {"<", "@", "w", "!", "~"}:
            return self._named(_AT, part)
        if part.text == "%":
            return self._percent(part)
        if part.text == "?":
            return self._question_mark(part)
        return None

    def _sqlc(self, part: Part) -> tuple[str, int] | None:
        found = _SQLC.match(self._sql, part.start)
        if found is None:
            return None
        if found["function"].lower() == "embed":
            return f"{quote_identifier(found['name'])}.*", found.end()
        return self.parameters.named(found["name"]), found.end()

    def _named(self, pattern: re.Pattern[str], part: Part) -> tuple[str, int] | None:
        found = pattern.match(self._sql, part.start)
        return None if found is None else (self.parameters.named(found["name"]), found.end())

    def _percent(self, part: Part) -> tuple[str, int] | None:
        found = _PERCENT.match(self._sql, part.start)
        if found is None or (found["name"] is None and self._follows_a_value()):
            return None
        self.percent = True
        name = found["name"]
        return self.parameters.unnamed() if name is None else self.parameters.named(name), found.end()

    def _question_mark(self, part: Part) -> tuple[str, int] | None:
        following = self._sql[part.end : part.end + 1]
        if following == "?":  # how JDBC writes the operator
            return "?", part.end + 1
        if following in {"|", "&"} and self._sql[part.end + 1 : part.end + 2] != following:
            return None
        return None if self._follows_a_value() else (self.parameters.unnamed(), part.end)

    def _previous_sign(self, part: Part) -> str:
        """The character directly before; `w` for the end of a word or number."""
        character = self._sql[part.start - 1 : part.start]
        return "w" if character.isalnum() or character == "_" else character

    def _follows_a_value(self) -> bool:
        """Whether what stands before is something that an operator works on."""
        before = self._before
        if before is None:
            return False
        if before.kind == "word":
            return before.text.lower() not in _BEFORE_VALUES
        return before.kind in ("string", "name", "number") or before.text in {")", "]"}
