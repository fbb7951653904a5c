"""Revisions as Alembic's own code takes them, and as migsafe reads them back."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from migsafe.errors import UsageError
from migsafe.model.declaration import Declaration
from migsafe.model.dialect import Dialect
from migsafe.model.phase import Phase
from migsafe.model.script import MigrationSet, SourceText
from migsafe.sources.declarations import declared_in_python
from migsafe.sources.writing import NewMigration, WritingOptions, save, write_migrations
from source_layouts import write_files
from written_migrations import NOW, add, read, statements

SHOP = Path(__file__).parents[4] / "fixtures" / "projects" / "alembic-shop"
NASTY = (
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $body$\nBEGIN\n  -- a; comment\n\n"
    "  NEW.a := E'\\n' || 'it''s :new %s {x}';\n\tRETURN NEW;\nEND\n$body$",
    "UPDATE t SET a = ' :name ::int \\: :é :a:b 12:30' WHERE b LIKE '%s%%' AND c = d::text",
    "SELECT '\"\"\"', 'back\\', E'\\'', arr[1:2]",
    'COMMENT ON TABLE "a""b" IS \'é 漢\n\nline three"\'',
)
REVISION = (
    '"""First."""\nrevision = "{}"\ndown_revision = {}\n\n\ndef upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n'
)
MAKO = (
    '"""${{message}}\n\nRevises: ${{down_revision | comma,n}}\n"""\n## not for the file\n{}from alembic import op\n'
    '${{imports if imports else ""}}\n\nrevision = ${{repr(up_revision)}}\ndown_revision = ${{repr(down_revision)}}\n'
    "branch_labels = ${{repr(branch_labels)}}\ndepends_on = ${{repr(depends_on)}}\n\n\ndef upgrade():\n"
    '    ${{upgrades if upgrades else "pass"}}\n\n\ndef downgrade():\n    ${{downgrades if downgrades else "pass"}}\n'
)


def environment(folder: Path, revisions: dict[str, str], *, mako: str = "", ini: str = "") -> Path:
    files = {
        "alembic.ini": f"[alembic]\nscript_location = %(here)s/migrations\n{ini}",
        "migrations/env.py": (
            "from alembic import context\n"
            "context.configure(dialect_name='postgresql', as_sql=True, output_buffer=context.config.output_buffer,\n"
            "                  transaction_per_migration=True, dialect_opts={'paramstyle': 'named'})\n"
            "with context.begin_transaction():\n    context.run_migrations()\n"
        ),
        "migrations/script.py.mako": mako or MAKO.format(""),
    }
    files |= {f"migrations/versions/{name}.py": text for name, text in revisions.items()}
    return write_files(folder, files)


def one_revision(folder: Path, *, mako: str = "", ini: str = "") -> Path:
    return environment(folder, {"a1_first": REVISION.format("a1", None)}, mako=mako, ini=ini)


def layout_at(root: Path) -> MigrationSet:
    """The layout without its revisions rendered: where they stand says enough to write another one."""
    return MigrationSet("alembic", str(root / "migrations" / "versions"), Dialect.POSTGRES, ())


def test_statements_and_declarations_come_back(tmp_path: Path) -> None:
    declared = Declaration(phase=Phase.EXPAND, change="users-name", of="a1", release="2026.11")
    new = [
        NewMigration(name="add-full-name", up=NASTY, down=NASTY[::-1], declaration=declared, note="For\nreview."),
        NewMigration(name="index", up=("CREATE INDEX CONCURRENTLY i ON t (a)",), transaction=False),
        NewMigration(name="purge", up=("DELETE FROM t",), no_way_back='the "rows" are gone'),
    ]
    found = add(one_revision(tmp_path), "alembic", new)
    assert found.unreadable == ()
    _, first, second, third = found.migrations
    assert (statements(first.up), statements(first.down)) == (list(NASTY), list(NASTY[::-1]))
    assert replace(first.declaration, place=None) == declared
    assert statements(second.up) == ["CREATE INDEX CONCURRENTLY i ON t (a)"]
    assert second.down is not None
    assert statements(third.up) == ["DELETE FROM t"]
    assert third.declaration == Declaration(irreversible='the "rows" are gone')


def test_alembic_itself_sends_the_same(tmp_path: Path) -> None:
    root = one_revision(tmp_path)
    plain = tuple(text.replace("\t", "  ") for text in NASTY)  # Alembic writes tabs as spaces, but only in this mode
    concurrently = "CREATE INDEX CONCURRENTLY i ON t (a)"
    new = [
        NewMigration(name="a", up=plain),
        NewMigration(name="b", up=(concurrently,), down=("DROP INDEX CONCURRENTLY i",), transaction=False),
    ]
    save(write_migrations(layout_at(root), new, now=NOW))
    buffer = io.StringIO()
    command.upgrade(Config(root / "alembic.ini", output_buffer=buffer), "head", sql=True)
    sent = buffer.getvalue()
    for text in plain:
        assert f"{text};" in sent
    assert f"COMMIT;\n\n{concurrently};\n\nBEGIN;" in sent


def test_the_projects_own_template_and_names(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    shutil.copytree(SHOP, root)
    layout = layout_at(root)
    new, options = NewMigration(name="add-full-name", up=("SELECT 1",)), WritingOptions(head="f3e96b20d718")
    (file,) = write_migrations(layout, [new], now=NOW, options=options)
    assert file.path.parent == root / "migrations" / "versions"
    assert file.path.name.startswith("2026_11_23-")
    assert file.path.name.endswith("_add_full_name.py")
    assert '"f3e96b20d718"' in file.text.replace("'", '"')


def test_a_template_of_the_project_is_filled_in(tmp_path: Path) -> None:
    root = one_revision(tmp_path, mako=MAKO.format("import ours\n"))
    (file,) = write_migrations(layout_at(root), [NewMigration(name="b-c", up=("SELECT 1",))], now=NOW)
    assert file.remark is None
    assert file.text.startswith('"""b c\n\nRevises: a1\n"""\nimport ours\nfrom alembic import op\n')


@pytest.mark.parametrize("code", ["% if True:\nx = 1\n% endif\n", "<% import os %>\n", "${config.name}\n"])
def test_a_template_that_is_a_program_is_not_run(code: str, tmp_path: Path) -> None:
    escaped = code.replace("{", "{{").replace("}", "}}")
    root = one_revision(tmp_path, mako=MAKO.replace("{}", "{0}").format(escaped.replace("{{", "{").replace("}}", "}")))
    new = NewMigration(name="b", up=("SELECT 1",))
    (file,) = write_migrations(layout_at(root), [new], now=NOW)
    assert file.remark == "script.py.mako is a program, and is not run: this is Alembic's usual form"
    assert 'op.execute("SELECT 1")' in file.text


def test_several_heads_must_be_chosen_from(tmp_path: Path) -> None:
    revisions = {name: REVISION.format(name, parent) for name, parent in [("root", None), ("left", "'root'")]}
    root = environment(tmp_path, {**revisions, "right": REVISION.format("right", "'root'")})
    layout, new = layout_at(root), [NewMigration(name="b", up=("SELECT 1",))]
    with pytest.raises(UsageError, match="several heads: left, right"):
        write_migrations(layout, new, now=NOW)
    with pytest.raises(UsageError, match="no head of the revisions is called 'root'"):
        write_migrations(layout, new, now=NOW, options=WritingOptions(head="root"))
    (file,) = write_migrations(layout, new, now=NOW, options=WritingOptions(head="righ"))
    assert "down_revision = 'right'" in file.text


def test_numbered_revisions_are_counted_on(tmp_path: Path) -> None:
    root = environment(tmp_path, {"0007_x": REVISION.format("0007", None)})
    new = [NewMigration(name=name, up=("SELECT 1",)) for name in ("b", "c")]
    assert [file.path.name for file in write_migrations(layout_at(root), new, now=NOW)] == [
        "0008_b.py",
        "0009_c.py",
    ]


def test_an_empty_environment_gets_a_first_revision(tmp_path: Path) -> None:
    root = environment(tmp_path, {"helper": "x = 1\n"})
    (file,) = write_migrations(layout_at(root), [NewMigration(name="b", up=("SELECT 1",))], now=NOW)
    assert "down_revision = None" in file.text


def test_line_breaks_of_the_neighbours(tmp_path: Path) -> None:
    root = environment(tmp_path, {"a1": REVISION.format("a1", None).replace("\n", "\r\n")})
    declared = Declaration(phase=Phase.MIGRATE)
    new = NewMigration(name="b", up=("SELECT\n1",), declaration=declared)
    (file,) = write_migrations(read(root, "alembic"), [new], now=NOW)
    assert file.text.count("\n") == file.text.count("\r\n")
    assert 'op.execute("""SELECT\r\n1""")' in file.text
    assert declared_in_python(SourceText("a", file.text)).phase is Phase.MIGRATE
