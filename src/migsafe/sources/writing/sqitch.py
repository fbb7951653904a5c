"""Sqitch: a line of the plan, and `deploy/`, `revert/` and `verify/` scripts.

psql runs the scripts, so each says BEGIN and COMMIT itself.
"""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING

from migsafe.errors import UsageError
from migsafe.model.dialect import Dialect
from migsafe.model.script import SourceText
from migsafe.sources.sqitch import read_plan, scripts_folder
from migsafe.sources.writing.new import NewMigration, WrittenFile
from migsafe.sources.writing.sql_text import way_down, way_up, with_breaks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.sources.writing.site import Site

_PLAN = "sqitch.plan"
_PROJECT = re.compile(r"^%project\s*=\s*(?P<name>\S+)", re.MULTILINE)
_ENGINES = {Dialect.POSTGRES: "pg", Dialect.MYSQL: "mysql", Dialect.SQLITE: "sqlite"}


def write_sqitch(site: Site, new: Sequence[NewMigration]) -> list[WrittenFile]:
    """Changes at the end of the plan, each requiring the one before it.

    Raises:
        UsageError: the plan cannot be read, has a change of that name, or the change is to stand amid others.
    """
    plan = site.root.source(_PLAN)
    if not isinstance(plan, SourceText):
        raise UsageError(f"{plan.path} {plan.reason}")
    if site.options.after is not None and site.layout.migrations and site.last is not site.layout.migrations[-1]:
        raise UsageError("a change in the middle of a plan would change the ids of all that follow")
    known = [change.name for change in read_plan(plan.text)]
    names = _names(site, new, known)
    lines = "".join(f"{line}\n" for line in _lines(site, names, new, known[-1:]))
    newline = "\r\n" if "\r\n" in plan.text else "\n"
    before = plan.text if plan.text.endswith("\n") else plan.text + newline
    files = [WrittenFile(site.path / _PLAN, before + with_breaks(lines, newline), was=plan.text)]
    project = _PROJECT.search(plan.text)
    for name, one in zip(names, new, strict=True):
        files += _scripts(site, name, one, project["name"] if project else site.path.name)
    return files


def _names(site: Site, new: Sequence[NewMigration], known: list[str]) -> list[str]:
    names = [site.words(one, known) for one in new]
    for name in names:
        if name in known or names.count(name) > 1:
            raise UsageError(f"the plan has a change {name!r} already", hint="name it otherwise")
    return names


def _lines(site: Site, names: list[str], new: Sequence[NewMigration], previous: list[str]) -> Iterator[str]:
    now = site.now.replace(tzinfo=UTC) if site.now.tzinfo is None else site.now.astimezone(UTC)
    for name, one in zip(names, new, strict=True):
        requires = f" [{previous[0]}]" if previous else ""
        note = " ".join((one.note or one.name.replace("-", " ")).split())
        yield f"{name}{requires} {now.strftime('%Y-%m-%dT%H:%M:%SZ')} {site.options.planner} # {note}"
        previous = [name]


def _scripts(site: Site, name: str, new: NewMigration, project: str) -> Iterator[WrittenFile]:
    top, engine = scripts_folder(site.root), _ENGINES[site.layout.dialect]
    texts = {
        "deploy": f"-- Deploy {project}:{name} to {engine}\n" + way_up(new, wrap=True),
        "verify": f"-- Verify {project}:{name} on {engine}\n",
    }
    if new.down or new.reason is None:
        texts["revert"] = f"-- Revert {project}:{name} from {engine}\n\n" + way_down(new, wrap=True)
    for folder, text in sorted(texts.items()):
        yield WrittenFile(top / folder / f"{name}.sql", with_breaks(text, site.newline))
