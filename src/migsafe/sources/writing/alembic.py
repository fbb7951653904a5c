"""Alembic: a revision on top of the head, from the project's own template.

The statements stand in `op.execute(…)`, which sends them as they are; what needs no transaction stands in an
`autocommit_block`. The declaration is a set of plain globals behind `revision` and its like.
"""

from __future__ import annotations

import ast
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from migsafe.errors import UsageError
from migsafe.sources.alembic.environment import Environment, environment_of
from migsafe.sources.alembic.layout import read_layout
from migsafe.sources.files import Folder
from migsafe.sources.writing.mako_subset import GENERIC, filled
from migsafe.sources.writing.new import MovedCode, NewMigration, WrittenFile
from migsafe.sources.writing.python_text import declaration_lines, for_text_construct, literal, marker_line
from migsafe.sources.writing.sql_text import bare_statement, with_breaks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from migsafe.sources.alembic.revisions import Revision
    from migsafe.sources.writing.site import Site

_TEMPLATE = "script.py.mako"
_FILE_TEMPLATE = "%(rev)s_%(slug)s"
_IDENTIFIERS = frozenset({"revision", "down_revision", "branch_labels", "depends_on"})
_ID_DIGITS = 12
_SHORTEST_PART = 4
_NO_WORD = re.compile(r"[^\w.,:()/]+")
#: An id that is a number which the project counts up; twelve digits are one that happened to have no letter.
_COUNTED = re.compile(r"[0-9]{1,8}\Z")


@dataclass(frozen=True)
class _Naming:
    """How the environment names its files.

    Attributes:
        folder: where the new ones go.
    """

    folder: Path
    template: str
    longest_slug: int
    now: datetime

    def path(self, revision: str, message: str) -> Path:
        """Where a revision stands.

        Raises:
            UsageError: the configured `file_template` cannot be filled in.
        """
        fields: dict[str, str | int] = {
            "rev": revision,
            "slug": self._slug(message),
            "epoch": int(self.now.timestamp()),
        }
        fields |= {name: getattr(self.now, name) for name in ("year", "month", "day", "hour", "minute", "second")}
        try:
            return self.folder / f"{self.template % fields}.py"
        except (KeyError, ValueError, TypeError) as error:
            raise UsageError(f"Alembic's file_template {self.template!r} cannot be filled in: {error}") from None

    def _slug(self, message: str) -> str:
        """As Alembic makes it (`ScriptDirectory._rev_path`)."""
        slug = "_".join(re.findall(r"\w+", message)).lower()
        return slug if len(slug) <= self.longest_slug else slug[: self.longest_slug].rsplit("_", 1)[0] + "_"


def write_alembic(site: Site, new: Sequence[NewMigration]) -> list[WrittenFile]:
    """Revisions in a line on top of the head.

    Raises:
        UsageError: there are several heads and none is chosen, or the environment has several databases.
    """
    environment = environment_of(site.path)
    revisions = read_layout(environment.version_locations, recursive=environment.recursive).revisions
    if any(one.upgrade is not None and one.upgrade.takes_engine for one in revisions):
        raise UsageError(
            "migsafe writes no revisions for several databases at once", hint="write them from Alembic's own template"
        )
    head = _head(revisions, site)
    naming = _naming(environment, head, site)
    template = Folder(environment.script_location).text(_TEMPLATE)
    down = None if head is None else head.id
    known, found = {one.id for one in revisions}, list[WrittenFile]()
    for one in new:
        revision = _new_id(one, down, known, naming.now)
        message = _NO_WORD.sub(" ", one.name).strip()
        values = _values(one, revision, down, message, naming.now)
        if isinstance(one, MovedCode):
            values |= _moved(one, template)
        text, remark = _text(template, values, one)
        path = naming.path(revision, message)
        found.append(WrittenFile(path, with_breaks(text, site.newline), remark=remark))
        known.add(revision)
        down = revision
    return found


def _head(revisions: Sequence[Revision], site: Site) -> Revision | None:
    """The revision to build on; None in an empty environment."""
    parents = {parent for one in revisions for parent in one.down}
    heads = [one for one in revisions if one.id not in parents]
    wanted = site.options.head
    if site.options.after is not None:
        heads = [one for one in heads if one.path == site.options.after.absolute()]
        if not heads:
            raise UsageError("other revisions come after it already: theirs would have to name another parent")
    if wanted is not None:
        heads = [
            one for one in heads if one.id == wanted or (len(wanted) >= _SHORTEST_PART and one.id.startswith(wanted))
        ]
        if not heads:
            raise UsageError(f"no head of the revisions is called {wanted!r}")
    if len(heads) > 1:
        names = ", ".join(sorted(one.id for one in heads))
        raise UsageError(f"Alembic has several heads: {names}", hint="choose one of them, or merge them first")
    return heads[0] if heads else None


def _naming(environment: Environment, head: Revision | None, site: Site) -> _Naming:
    section = environment.section
    written = section.text("file_template") if section is not None else None
    template = (written or _FILE_TEMPLATE).replace("%%", "%")
    truncate = section.text("truncate_slug_length") if section is not None else None
    locations = environment.version_locations
    folder = locations[0] if head is None else head.path.parent
    if "/" in template:  # it names folders below the version location
        folder = next((one for one in locations if head is not None and one in head.path.parents), locations[0])
    return _Naming(
        folder, template, int(truncate) if truncate and truncate.isdigit() else 40, _local(environment, site)
    )


def _local(environment: Environment, site: Site) -> datetime:
    """The present time in the zone that the environment names; in its own where it names none."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    now = site.now.replace(tzinfo=UTC) if site.now.tzinfo is None else site.now
    name = environment.section.text("timezone") if environment.section is not None else None
    try:
        return now.astimezone(ZoneInfo(name)) if name else now
    except (ZoneInfoNotFoundError, ValueError):
        return now


def _new_id(new: NewMigration, down: str | None, known: set[str], now: datetime) -> str:
    """Twelve digits that depend on what is written; the next number where the project counts its revisions."""
    if down is not None and _COUNTED.match(down):
        number = str(int(down) + 1).zfill(len(down))
        if number not in known:
            return number
    seed = "\0".join((new.name, str(down), now.isoformat(), *new.up))
    while True:
        revision = hashlib.sha256(seed.encode()).hexdigest()[:_ID_DIGITS]
        if not any(one.startswith(revision) for one in known):
            return revision
        seed += "\0"


def _values(new: NewMigration, revision: str, down: str | None, message: str, now: datetime) -> dict[str, str | None]:
    """What a template is given."""
    return {
        "message": message,
        "up_revision": revision,
        "down_revision": down,
        "branch_labels": None,
        "depends_on": None,
        "create_date": str(now.replace(tzinfo=None, microsecond=0)),
        "imports": None,
        "upgrades": _body(new.up, new),
        "downgrades": _way_back(new),
    }


def _moved(code: MovedCode, template: str) -> dict[str, str | None]:
    """Code as a template takes it: without the indentation of its first line."""
    imports = [line for line in code.imports if line not in (template or GENERIC).splitlines()]
    values = {"imports": "\n".join(imports) or None, "upgrades": code.forward.strip()}
    return {**values, "downgrades": code.backward.strip()} if code.backward.strip() else dict(values)


def _way_back(new: NewMigration) -> str | None:
    if new.down or new.reason is None:
        return _body(new.down, new)
    return f"{marker_line(new)}\n    raise NotImplementedError({literal(' '.join(new.reason.split()))})"


def _body(statements: Sequence[str], new: NewMigration) -> str | None:
    """The body of a function, its first line without indentation, as a template wants it; None for an empty one."""
    bare = filter(None, map(bare_statement, statements))
    calls = [f"op.execute({literal(for_text_construct(text))})" for text in bare]
    if not calls:
        return None
    if new.transaction:
        return "\n    ".join(calls)
    return "\n        ".join(["with op.get_context().autocommit_block():", *calls])


def _text(template: str, values: dict[str, str | None], new: NewMigration) -> tuple[str, str | None]:
    """The revision's text, and a remark where it is not from the project's own template."""
    declared = declaration_lines(new)
    if new.reason is not None and new.down:
        declared.append(str(marker_line(new)))
    text = with_globals(filled(template, values) or "", declared) if template else None
    if text is not None:
        return text, None
    generic = with_globals(filled(GENERIC, values) or "", declared)
    assert generic is not None
    why = f"{_TEMPLATE} is a program, and is not run: this is Alembic's usual form" if template else None
    return generic, why


def with_globals(text: str, lines: list[str]) -> str | None:
    """The text with lines behind the revision's identifiers; None where it has none, or is no Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    ends = [node.end_lineno or 0 for node in tree.body if _IDENTIFIERS & _targets(node)]
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    if not ends or not {"upgrade", "downgrade"} <= functions:
        return None
    written = text.splitlines(keepends=True)
    return "".join([*written[: max(ends)], *(f"{line}\n" for line in lines), *written[max(ends) :]])


def _targets(node: ast.stmt) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}
