"""Sqitch: a plan that names the changes in order, and `deploy/`, `revert/` and `verify/` scripts.

Rules from Sqitch 1.4's documentation (`sqitch`, "Plan file"; `sqitch-configuration`; `sqitch-rework`): the plan's lines
are changes (`name [requires] date planner # note`), tags (`@v1 …`), pragmas (`%name=value`) and comments (`#`).
A change that is named twice was reworked: the scripts of the earlier one are kept as `name@tag.sql`, the tag being one
that stands between the two. Scripts run in the database's own client (psql), so that only what they say themselves
opens a transaction. `verify/` scripts change nothing and are not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, MigrationSet, Script, SourceText, TransactionRule
from migsafe.sources.base import FlatSource, SourceOptions
from migsafe.sources.build import ScriptMaker, Sorter
from migsafe.sources.dialects import DIALECT_WORDS, choose_dialect
from migsafe.sources.files import Folder
from migsafe.sources.masking import lines_of
from migsafe.sources.placeholders import Style

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAN = "sqitch.plan"
_CONFIG = "sqitch.conf"
_SCRIPT_FOLDERS = ("deploy", "revert", "verify")
_CHANGE = re.compile(r"\s*(?P<operator>[+-]?)\s*(?P<name>[^\s#@%\[+-][^\s\[#]*)")
_TAG = re.compile(r"\s*@(?P<name>[^\s#]+)")
_ENGINE_PRAGMA = re.compile(r"^%(?:core\s+)?engine\s*=\s*(?P<engine>\w+)", re.MULTILINE)
_SECTION = re.compile(r"\s*\[\s*(?P<name>[^\]]*?)\s*\]")
_KEY = re.compile(r"\s*(?P<key>[A-Za-z_][\w-]*)\s*=\s*(?P<value>[^#;]*)")


@dataclass(frozen=True)
class Change:
    """A change of the plan.

    Attributes:
        tags: those that stand between this one and the change that reworks it; empty for one that was never reworked.
        reworked: whether a later change bears the same name.
    """

    name: str
    tags: tuple[str, ...] = ()
    reworked: bool = False


class Sqitch(FlatSource):
    """The layout of a Sqitch project with one plan."""

    name = "sqitch"
    whole_tree = True

    def claims(self, folder: Folder) -> bool:
        """The plan stands there."""
        return folder.has(_PLAN)

    def owns(self, root: Folder, path: Path) -> bool:
        """The plan, and what stands in the folders of scripts."""
        if path == root.path / _PLAN:
            return True
        top = scripts_folder(root)
        return any(top / name in (path, *path.parents) for name in _SCRIPT_FOLDERS)

    def is_aside(self, path: Path) -> bool:
        """The plan, and scripts that only check."""
        return super().is_aside(path) or "verify" in path.parts

    def declared_dialect(self, root: Folder) -> Dialect | None:
        """The engine of the configuration, or of the plan."""
        plan = Sorter().text(root.source(_PLAN))
        return _engine(root, plan.text if plan else "")

    def usual_rule(self, dialect: Dialect) -> TransactionRule:
        """The database client opens none."""
        return TransactionRule.NONE

    def read(self, root: Folder, options: SourceOptions) -> MigrationSet:
        """The changes in the order of the plan."""
        sorter = Sorter()
        plan = sorter.text(root.source(_PLAN))
        text = plan.text if plan else ""
        maker = _maker(options, choose_dialect(root, options, _engine(root, text)))
        top = Folder(scripts_folder(root))
        for change in read_plan(text):
            scripts = (
                _script(top, Direction.UP, change, maker, sorter),
                _script(top, Direction.DOWN, change, maker, sorter),
            )
            sorter.add(_id(change), scripts)
        return MigrationSet(self.name, root.shown(), maker.dialect, tuple(sorter.migrations), tuple(sorter.unreadable))


def read_plan(text: str) -> list[Change]:
    """The changes of a plan, in order."""
    lines = list(_plan_lines(text))
    return [_change(lines, index) for index, (kind, _) in enumerate(lines) if kind == "change"]


def _plan_lines(text: str) -> Iterator[tuple[str, str]]:
    """Each change and tag of a plan, as its kind and its name."""
    for line in lines_of(text):
        if tag := _TAG.match(line.text):
            yield "tag", tag["name"]
        elif (change := _CHANGE.match(line.text)) and change["operator"] != "-":
            yield "change", change["name"]


def _change(lines: list[tuple[str, str]], index: int) -> Change:
    name = lines[index][1]
    again = next((at for at in range(index + 1, len(lines)) if lines[at] == ("change", name)), None)
    if again is None:
        return Change(name)
    return Change(name, tuple(tag for kind, tag in lines[index:again] if kind == "tag"), reworked=True)


def _id(change: Change) -> str:
    return f"{change.name}@{change.tags[0]}" if change.tags else change.name


def _maker(options: SourceOptions, dialect: Dialect) -> ScriptMaker:
    """psql fills in variables; the other clients have none."""
    return ScriptMaker(options, dialect, Style.GO | Style.PSQL if dialect is Dialect.POSTGRES else Style.GO)


def _script(top: Folder, direction: Direction, change: Change, maker: ScriptMaker, sorter: Sorter) -> Script | None:
    folder = top.path / ("deploy" if direction is Direction.UP else "revert")
    candidates = [f"{change.name}@{tag}.sql" for tag in change.tags] if change.reworked else [f"{change.name}.sql"]
    path = next((folder / name for name in candidates if (folder / name).is_file()), None)
    if path is None:
        if direction is Direction.UP:
            missing = PurePosixPath("deploy") / (candidates or [f"{change.name}@TAG.sql"])[0]
            sorter.refuse(top.shown(str(missing)), f"is not there, but {_PLAN} names the change")
        return None
    source = sorter.text(Folder(path.parent).source(path.name))
    return None if source is None else maker.make(direction, source, TransactionRule.NONE)


def _engine(root: Folder, plan: str) -> Dialect | None:
    """The database that the configuration, or a pragma of the plan, names."""
    pragma = _ENGINE_PRAGMA.search(plan)
    return DIALECT_WORDS.get(_core(root).get("engine", pragma["engine"] if pragma else ""))


def scripts_folder(root: Folder) -> Path:
    """The folder of `deploy/` and `revert/`: the configured one, or the plan's."""
    return root.path / _core(root).get("top_dir", ".")


def _core(root: Folder) -> dict[str, str]:
    """The `[core]` section of `sqitch.conf`, in git's format."""
    source = root.source(_CONFIG) if root.has(_CONFIG) else None
    found: dict[str, str] = {}
    section = ""
    for line in lines_of(source.text) if isinstance(source, SourceText) else ():
        if header := _SECTION.match(line.text):
            section = header["name"]
        elif section == "core" and (pair := _KEY.match(line.text)):
            found[pair["key"]] = pair["value"].strip().strip('"')
    return found
