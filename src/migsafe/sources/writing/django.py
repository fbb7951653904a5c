"""Django: a migration of `RunSQL` behind the app's last one.

`RunSQL` takes the statements as a list, which it sends one by one and as they are: as one text it would be split by
another parser, and `%` would mean nothing else than itself in either (Django 5.2, "RunSQL"). It changes nothing in the
state of the models: what the models say stays with `makemigrations`.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import UsageError
from migsafe.model.script import SourceText
from migsafe.sources.alembic.literals import ComputedError, NotPythonError, assigned, parse, top_level, value_of
from migsafe.sources.files import Folder
from migsafe.sources.writing.new import MovedCode, NewMigration, WrittenFile
from migsafe.sources.writing.python_text import declaration_lines, literal, marker_line
from migsafe.sources.writing.sql_text import bare_statement, with_breaks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from migsafe.sources.writing.site import Site

_IMPORT = "from django.db import migrations"
_NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class _Written:
    """What a migration's file says of its place: names of the same app's migrations."""

    name: str
    after: frozenset[str]
    replaces: frozenset[str]


def write_django(site: Site, new: Sequence[NewMigration]) -> list[WrittenFile]:
    """Migrations in a line behind the app's leaf.

    Raises:
        UsageError: the app is not known, has no migrations, or several leaves.
    """
    app, folder = _app(site)
    written = list(_migrations(folder, app))
    last = _leaf(app, written, site)
    number, width = _number(last)
    found = []
    for one in new:
        number += 1
        name = f"{str(number).zfill(width)}_{site.words(one, ()).replace('-', '_')}"
        found.append(
            WrittenFile(folder.path / f"{name}.py", with_breaks(_text(one, app, last), _newline(folder, site)))
        )
        last = name
    return found


def _app(site: Site) -> tuple[str, Folder]:
    """The label of the app, and the folder of its migrations: the named app's, or that of the only one."""
    folders: dict[str, Path] = {}
    for one in site.layout.migrations:
        path = Path(one.path).absolute()
        if path.is_relative_to(site.path):
            folders[one.id.split(".", 1)[0]] = path.parent
    label = site.options.app
    if site.options.after is not None:
        place = site.options.after.absolute().parent
        label = next((app for app, folder in folders.items() if folder == place), label)
    known = ", ".join(sorted(folders))
    if label is None and len(folders) != 1:
        raise UsageError(f"the project has several apps: {known}" if known else "no app of the project has migrations")
    label = label or next(iter(folders))
    if label not in folders:
        raise UsageError(f"no app {label!r} with migrations of its own", hint=f"known are: {known}" if known else None)
    return label, Folder(folders[label])


def _migrations(folder: Folder, app: str) -> Iterator[_Written]:
    for name in folder.files:
        source = folder.source(name)
        if name.endswith(".py") and not name.startswith("__") and isinstance(source, SourceText):
            written = _read(name.removesuffix(".py"), source, app)
            if written is not None:
                yield written


def _read(name: str, source: SourceText, app: str) -> _Written | None:
    try:
        classes = [node for node in top_level(parse(source.text)) if isinstance(node, ast.ClassDef)]
    except NotPythonError:
        return None
    body = next((node.body for node in classes if node.name == "Migration"), None)
    if body is None:
        return None
    names = assigned(ast.Module(body, []))
    return _Written(name, frozenset(_pairs(names, "dependencies", app)), frozenset(_pairs(names, "replaces", app)))


def _pairs(names: Mapping[str, ast.expr], key: str, app: str) -> Iterator[str]:
    """The migrations of the app in a list of pairs; a part that is computed is no migration of it."""
    node = names.get(key)
    for element in node.elts if isinstance(node, ast.List | ast.Tuple) else ():
        try:
            value = value_of(element, names)
        except ComputedError:
            continue
        match value:
            case (label, str(name)) if label == app:
                yield name


def _leaf(app: str, written: list[_Written], site: Site) -> str:
    """The migration of the app after which none comes; a squashed one stands for those that it replaces."""
    replaced = {name: one.name for one in written for name in one.replaces}
    after = {replaced.get(name, name) for one in written if one.name not in replaced for name in one.after}
    leaves = [one.name for one in written if one.name not in replaced and one.name not in after]
    if site.options.after is not None:
        stem = site.options.after.stem
        if stem not in leaves:
            raise UsageError("other migrations come after it already: theirs would have to name another one")
        return stem
    if len(leaves) > 1:
        raise UsageError(
            f"the app {app} has several last migrations: {', '.join(leaves)}",
            hint="merge them first: manage.py makemigrations --merge",
        )
    if not leaves:
        raise UsageError(f"the app {app} has no migrations, or they come after one another in a circle")
    return leaves[0]


def _number(name: str) -> tuple[int, int]:
    """The number of a migration and its width, as Django counts on: `0007`."""
    match = _NUMBER.match(name)
    return (int(match.group()), len(match.group())) if match else (0, 4)


def _newline(folder: Folder, site: Site) -> str:
    texts = [folder.text(name) for name in folder.files if name.endswith(".py")]
    return "\r\n" if any("\r\n" in text for text in texts) else site.newline if not texts else "\n"


def _text(new: NewMigration, app: str, after: str) -> str:
    declared = declaration_lines(new)
    if new.reason is not None:
        declared.append(str(marker_line(new)))
    head = [*declared, ""] if declared else []
    head += [] if new.transaction else ["atomic = False", ""]
    lines = [*head, "dependencies = [", f"    ({literal(app)}, {literal(after)}),", "]", "", "operations = [", "]"]
    if not isinstance(new, MovedCode):
        lines[-1:-1] = ["    migrations.RunSQL(", *_argument("sql", new.up), *_reverse(new), "    ),"]
    body = "".join(f"    {line}\n" if line else "\n" for line in lines)
    imports = [_IMPORT]
    if isinstance(new, MovedCode):
        imports = [*new.imports, *(() if any("migrations" in line for line in new.imports) else imports)]
        body = body.removesuffix("    ]\n") + new.forward.rstrip() + "\n    ]\n"
    return "\n".join(sorted(imports)) + f"\n\n\nclass Migration(migrations.Migration):\n{body}"


def _reverse(new: NewMigration) -> list[str]:
    """The way back; without one, Django refuses to go back."""
    if new.down:
        return _argument("reverse_sql", new.down)
    return [] if new.reason is not None else ["        reverse_sql=migrations.RunSQL.noop,"]


def _argument(name: str, statements: Sequence[str]) -> list[str]:
    bare = filter(None, map(bare_statement, statements))
    return [f"        {name}=[", *(f"            {literal(text)}," for text in bare), "        ],"]
