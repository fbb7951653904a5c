"""SQL that Alembic has rendered: the output of `alembic upgrade --sql`, or one file per revision.

Two forms, which may stand side by side in one folder:

- one file for many revisions, in sections that begin with `-- Running upgrade OLD -> NEW` (Alembic 1.16, "Generating
  SQL Scripts (a.k.a. “Offline Mode”)"); `-- Running downgrade NEW -> OLD` gives the way back;
- a file per revision, `-- revision: ID` and `-- down_revision: ID[, ID]` (or `None`) at its head.

The order is that of the revision graph; where the graph leaves it open, by the `-- file:` that a file names (Alembic's
file names often begin with a date), then by revision. The SQL says BEGIN and COMMIT itself. Where a section's BEGIN
stands far before it (one transaction around all revisions, Alembic's default), the section's rule is that somebody else
has opened a transaction.
"""

from __future__ import annotations

import heapq
import re
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Migration, MigrationSet, Script, SourceText, Span, TransactionRule
from migsafe.sources.base import FlatSource, SourceOptions
from migsafe.sources.build import ScriptMaker, Sorter, make_migration
from migsafe.sources.dialects import choose_dialect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from migsafe.sources.files import Folder

_RUNNING = re.compile(
    r"^-- Running (?P<kind>upgrade|downgrade) (?P<old>[^\r\n]*?) ?-> ?(?P<new>[^\r\n]*?)[ \t]*\r?$", re.MULTILINE
)
_REVISION = re.compile(r"^--[ \t]*revision:[ \t]*(?P<id>[^\s,]+)", re.IGNORECASE | re.MULTILINE)
_DOWN_REVISION = re.compile(r"^--[ \t]*down_revision:(?P<ids>[^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_CONTROL = re.compile(r"^(?P<word>BEGIN|COMMIT)(?: TRANSACTION| WORK)?;[ \t]*\r?$", re.MULTILINE)
_BEGIN_BEFORE = re.compile(r"^BEGIN(?: TRANSACTION| WORK)?;\s*\Z", re.MULTILINE)
_LAST_COMMIT = re.compile(r"^COMMIT;\s*(?:BEGIN(?: TRANSACTION| WORK)?;\s*)?\Z", re.MULTILINE)
_FILE = re.compile(r"^--[ \t]*file:[ \t]*(?P<name>[^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_WORD = re.compile(r"[^\s,()'\"]+")


@dataclass
class _Node:
    """A revision of the graph and the scripts found for it."""

    id: str
    parents: tuple[str, ...] = ()
    file: str = ""
    scripts: dict[Direction, Script] = field(default_factory=dict)


@dataclass(frozen=True)
class _Section:
    """A part of a file that takes the database from one revision to another."""

    revision: str
    parents: tuple[str, ...]
    direction: Direction
    span: Span
    rule: TransactionRule


class RenderedAlembic(FlatSource):
    """SQL out of `alembic upgrade --sql`."""

    name = "alembic-sql"

    def claims(self, folder: Folder) -> bool:
        """A file bears Alembic's marks."""
        return any(_is_rendered(folder.text(name)) for name in folder.sql_files())

    def owns(self, root: Folder, path: Path) -> bool:
        """Files with Alembic's marks; others beside them are none of its."""
        return path.parent == root.path and path.name in root.sql_files() and _is_rendered(root.text(path.name))

    def usual_rule(self, dialect: Dialect) -> TransactionRule:
        """The SQL says BEGIN itself."""
        return TransactionRule.NONE

    def read(self, root: Folder, options: SourceOptions) -> MigrationSet:
        """All revisions in the order of the graph."""
        maker = ScriptMaker(options, choose_dialect(root, options))
        sorter, nodes = Sorter(), dict[str, _Node]()
        for name in root.sql_files():
            source = sorter.text(root.source(name))
            if source is not None and _is_rendered(source.text):
                _collect(source, maker, nodes, sorter)
        sorter.migrations += _migrations(nodes, sorter)
        return MigrationSet(self.name, root.shown(), maker.dialect, tuple(sorter.migrations), tuple(sorter.unreadable))

    def read_text(self, source: SourceText, options: SourceOptions) -> tuple[Migration, ...] | None:
        """A single text with Alembic's marks."""
        if not _is_rendered(source.text):
            return None
        nodes: dict[str, _Node] = {}
        sorter = Sorter()
        _collect(source, ScriptMaker(options, options.dialect or Dialect.POSTGRES), nodes, sorter)
        return tuple(_migrations(nodes, sorter))


def _is_rendered(text: str) -> bool:
    return _RUNNING.search(text) is not None or (
        _REVISION.search(text) is not None and _DOWN_REVISION.search(text) is not None
    )


def _collect(source: SourceText, maker: ScriptMaker, nodes: dict[str, _Node], sorter: Sorter) -> None:
    """Put the sections of one file into the graph; a revision that is there already is said."""
    file = _FILE.search(source.text)
    for section in _sections(source.text):
        node = nodes.setdefault(section.revision, _Node(section.revision, file=file["name"] if file else ""))
        node.parents = node.parents or section.parents
        if first := node.scripts.get(section.direction):
            sorter.refuse(source.path, f"renders the revision {node.id}, which {first.path} does already")
        else:
            node.scripts[section.direction] = maker.make(section.direction, source, section.rule, [section.span])


def _sections(text: str) -> Iterator[_Section]:
    marks = list(_RUNNING.finditer(text))
    if not marks:
        revision, parents = _REVISION.search(text), _DOWN_REVISION.search(text)
        assert revision is not None
        assert parents is not None
        yield _Section(revision["id"], _ids(parents["ids"]), Direction.UP, Span(0, len(text)), TransactionRule.NONE)
        return
    starts = [0, *(_start(text, before, mark) for before, mark in pairwise(marks))]
    controls = list(_CONTROL.finditer(text))
    for mark, start, end in zip(marks, starts, [*starts[1:], len(text)], strict=True):
        yield _section(text, mark, Span(start, end), opened=_is_open(controls, start))


def _start(text: str, before: re.Match[str], mark: re.Match[str]) -> int:
    """Where a section begins: at the BEGIN right before its mark, else at the mark."""
    begin = _BEGIN_BEFORE.search(text, before.end(), mark.start())
    return begin.start() if begin else mark.start()


def _section(text: str, mark: re.Match[str], span: Span, *, opened: bool) -> _Section:
    """One section; where its transaction was opened long before, its closing COMMIT is not its own either."""
    downgrade = mark["kind"] == "downgrade"
    new, old = (mark["old"], mark["new"]) if downgrade else (mark["new"], mark["old"])
    rule = TransactionRule.NONE
    if opened:
        rule = TransactionRule.TOOL
        commit = _LAST_COMMIT.search(text, span.start, span.end)
        span = Span(span.start, commit.start()) if commit else span
    revisions = _WORD.findall(new) or ["base"]
    return _Section(revisions[0], _ids(old), Direction.DOWN if downgrade else Direction.UP, span, rule)


def _is_open(controls: list[re.Match[str]], offset: int) -> bool:
    """Whether the last BEGIN or COMMIT before a place is a BEGIN."""
    before = bisect_left(controls, offset, key=lambda control: control.start())
    return before > 0 and controls[before - 1]["word"] == "BEGIN"


def _ids(text: str) -> tuple[str, ...]:
    """The revisions in a list of them; none for `None`, `base`, and an empty one."""
    return tuple(word for word in _WORD.findall(text) if word not in {"None", "base", "<base>"})


def _migrations(nodes: dict[str, _Node], sorter: Sorter) -> Iterator[Migration]:
    for node in _ordered(nodes, sorter):
        up, down = node.scripts.get(Direction.UP), node.scripts.get(Direction.DOWN)
        yield make_migration(node.id, up, down)


def _ordered(nodes: dict[str, _Node], sorter: Sorter) -> Iterator[_Node]:
    """Parents before children; what is ready goes by revision. Revisions in a circle come last and are said."""
    children: dict[str, list[str]] = defaultdict(list)
    missing = {node.id: {parent for parent in node.parents if parent in nodes} for node in nodes.values()}
    for child, parents in missing.items():
        for parent in parents:
            children[parent].append(child)
    ready = [(nodes[revision].file, revision) for revision, parents in missing.items() if not parents]
    heapq.heapify(ready)
    while ready:
        _, revision = heapq.heappop(ready)
        del missing[revision]
        yield nodes[revision]
        for child in children[revision]:
            missing[child].discard(revision)
            if not missing[child]:
                heapq.heappush(ready, (nodes[child].file, child))
    for revision in sorted(missing):
        node = nodes[revision]
        path = next(iter(node.scripts.values())).path
        sorter.refuse(path, f"the revision {revision} comes after itself: its order is not known")
        yield node
