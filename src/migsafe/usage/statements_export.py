"""Statements that servers have counted: exports of `pg_stat_statements`.

What is found in them is a use. What is not found is none only where nothing could be hidden: the exporting role may
read all statements, nothing was reset or evicted in between, and every server was read, since a replica counts its own
(PostgreSQL 18 manual, F.32 "pg_stat_statements"; F.32.2 `pg_stat_statements_info`, since 14). All else is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from migsafe.errors import PathNotFoundError
from migsafe.model.usage import Place, UsageEvidence, Use
from migsafe.parse.query_uses import query_uses
from migsafe.parse.statement_export import HIDDEN, ExportedRow, read_export
from migsafe.usage.judgement import judge
from migsafe.usage.queries import has_words
from migsafe.usage.sightings import Sighting, counted, evidence
from migsafe.usage.subjects import words_of

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.parse.query_uses import QueryUses
    from migsafe.usage.subjects import Wanted

SOURCE = "pg_stat_statements"

_TRUE = frozenset({"t", "true", "1", "on", "yes"})
_NOT_TRAFFIC = ("alter", "create", "drop", "comment", "grant", "revoke", "analyze", "vacuum", "reindex", "set")


@dataclass(frozen=True)
class Export:
    """One export: what one server had counted at one time.

    Attributes:
        problem: why it cannot be read.
    """

    shown: str
    rows: tuple[ExportedRow, ...] = ()
    problem: str = ""

    def fact(self, name: str) -> str | None:
        """What its rows say of the server, in a column that is the same in all of them; None where they do not."""
        values = {str(row.values[name]).strip() for row in self.rows if row.values.get(name) is not None}
        return values.pop() if len(values) == 1 else None

    def number(self, name: str) -> int | None:
        """The same as a number."""
        value = self.fact(name)
        return int(value) if value is not None and value.isdigit() else None

    @property
    def node(self) -> str:
        """The server's name; that of the file where the rows do not say it."""
        return self.fact("node") or self.shown

    @cached_property
    def calls(self) -> Mapping[str, tuple[int, ExportedRow]]:
        """How often each statement ran, and its row; one that does not say how often has run."""
        counts: dict[str, tuple[int, ExportedRow]] = {}
        for row in self.rows:
            if isinstance(row.query, str):
                before = counts.get(row.query, (0, row))
                counts[row.query] = before[0] + _number(row.values.get("calls"), otherwise=1), before[1]
        return counts


@dataclass(frozen=True)
class _Window:
    """The time between two exports of one server; since its last reset, where there is only one."""

    last: Export
    first: Export | None = None

    def ran(self) -> Iterator[tuple[str, ExportedRow]]:
        """The statements that ran in it."""
        before = self.first.calls if self.first is not None and not self.was_reset else {}
        for sql, (count, row) in self.last.calls.items():
            if count > before.get(sql, (0, row))[0]:
                yield sql, row

    @property
    def was_reset(self) -> bool:
        return self.first is not None and self.first.fact("stats_reset") != self.last.fact("stats_reset")

    def doubts(self) -> Iterator[str]:
        """Why a statement that is not in it may have run all the same."""
        exports = [export for export in (self.first, self.last) if export is not None]
        for export in exports:
            if any(row.query == HIDDEN for row in export.rows) or (export.fact("reads_all") or "").lower() not in _TRUE:
                yield f"{export.shown} does not say that its role could read all statements (pg_read_all_stats)"
            if any(not isinstance(row.query, str) or not row.query.strip() for row in export.rows):
                yield f"{export.shown} has statements without a text"
        node = self.last.node
        if any(export.fact("stats_reset") is None for export in exports) or self.was_reset:
            yield f"{node} may have been reset in between (stats_reset)"
        evicted = [export.number("dealloc") for export in exports]
        if None in evicted:
            yield f"{node} does not say how many statements it has evicted (dealloc)"
        elif evicted[-1] != (evicted[0] if self.first is not None else 0):
            yield f"{node} has evicted statements (dealloc)"


@dataclass(frozen=True)
class StatementExports:
    """All exports of one run.

    Attributes:
        nodes: what the exports call the servers, all that there are; empty where nobody has said.
    """

    exports: tuple[Export, ...] = ()
    nodes: tuple[str, ...] = ()
    _read: dict[str, QueryUses | None] = field(default_factory=dict, compare=False)

    @classmethod
    def read(cls, paths: Iterable[Path], nodes: Sequence[str] = ()) -> StatementExports:
        """Read the files.

        Raises:
            PathNotFoundError: when one does not exist.
        """
        return cls(tuple(_read_file(path) for path in paths), tuple(nodes))

    def evidence(self, sought: Wanted) -> UsageEvidence | None:
        """What the statements say of a subject; None where there are no exports."""
        if not self.exports:
            return None
        sightings = [seen for window in self._windows for seen in self._seen(window, sought)]
        doubts = list(dict.fromkeys(self._doubts()))
        if doubts:
            more = f", and {counted(len(doubts) - 1, 'more doubt')}" if len(doubts) > 1 else ""
            otherwise = Use.UNKNOWN, f"no statement names {sought.shown}, but {doubts[0]}{more}"
        else:
            servers = counted(len(self._windows), "server")
            otherwise = Use.NONE, f"no statement that {servers} counted names {sought.shown}"
        return evidence(SOURCE, sightings, None, otherwise=otherwise)

    @cached_property
    def _windows(self) -> tuple[_Window, ...]:
        by_node: dict[str, list[Export]] = {}
        for export in self.exports:
            if not export.problem:
                by_node.setdefault(export.node, []).append(export)
        ordered = [sorted(exports, key=lambda export: export.fact("taken_at") or "") for exports in by_node.values()]
        return tuple(_Window(exports[-1], exports[0] if len(exports) > 1 else None) for exports in ordered)

    def _doubts(self) -> Iterator[str]:
        for export in self.exports:
            if export.problem:
                yield f"{export.shown} cannot be read: {export.problem}"
        for window in self._windows:
            yield from window.doubts()
        yield from self._missing_nodes()

    def _missing_nodes(self) -> Iterator[str]:
        known = {window.last.node for window in self._windows}
        if self.nodes:
            missing = sorted(set(self.nodes) - known)
            if missing:
                yield f"{', '.join(missing)} was not read"
            return
        replicas = [number for window in self._windows if (number := window.last.number("replicas")) is not None]
        if not replicas:
            yield "nobody says which servers there are (nodes, or a column replicas)"
        elif len(known) < max(replicas) + 1:
            yield f"{counted(max(replicas) + 1 - len(known), 'replica')} of {max(replicas)} was not read"

    def _seen(self, window: _Window, sought: Wanted) -> Iterator[Sighting]:
        words = sought.table_words | sought.column_words
        for sql, row in window.ran():
            said = words_of(sql)
            if said.isdisjoint(words) or sql.lstrip().lower().startswith(_NOT_TRAFFIC):
                continue
            uses = self._uses(sql, sought)
            place = _place(window.last, row)
            if uses is None and has_words(frozenset(said), sought):
                yield Sighting(Use.WEAK, place, f"a statement that cannot be read has the words of {sought.shown}")
            for verdict in judge(uses, sought) if uses is not None else ():
                yield Sighting(verdict.use, place, f"a statement on {window.last.node} {verdict.text}")

    def _uses(self, sql: str, sought: Wanted) -> QueryUses | None:
        if sql not in self._read:
            self._read[sql] = query_uses(sql, sought.catalogue.dialect)
        return self._read[sql]


def _read_file(path: Path) -> Export:
    shown = path.as_posix()
    try:
        return Export(shown, tuple(read_export(path.read_text(encoding="utf-8-sig"))))
    except FileNotFoundError:
        raise PathNotFoundError(
            f"{shown} does not exist", hint="usage.statements names exports that are there"
        ) from None
    except (OSError, ValueError) as error:
        return Export(shown, problem=str(error))


def _number(value: object, *, otherwise: int) -> int:
    text = str(value).strip()
    return int(text) if value is not None and text.isdigit() else otherwise


def _place(export: Export, row: ExportedRow) -> Place:
    line = row.place.lstrip(":")
    return Place(export.shown, int(line) if line.isdigit() else 0)
