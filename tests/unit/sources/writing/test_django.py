"""Migrations of Django: their place in the app, their text, and what is read back."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from migsafe.errors import UsageError
from migsafe.model.declaration import Declaration
from migsafe.model.dialect import Dialect
from migsafe.model.phase import Phase
from migsafe.model.script import Migration, MigrationSet, TransactionRule
from migsafe.sources.writing import NewMigration, WritingOptions, write_migrations
from source_layouts import write_files
from written_migrations import NOW, add, statements

SHOP = Path(__file__).parents[4] / "fixtures" / "projects" / "django-shop"
NEW = NewMigration(name="add-full-name", up=("SELECT 1",))


def app(folder: Path, files: dict[str, str]) -> MigrationSet:
    """An app called `shop` with migrations of which only the dependencies count."""
    text = "class Migration(migrations.Migration):\n    dependencies = [{}]\n    {}\n"
    write_files(
        folder,
        {f"shop/migrations/{name}.py": text.format(*(*given.split("|"), "")[:2]) for name, given in files.items()},
    )
    migrations = tuple(Migration(f"shop.{name}", str(folder / "shop" / "migrations" / f"{name}.py")) for name in files)
    return MigrationSet("django", str(folder), Dialect.POSTGRES, migrations)


def names(layout: MigrationSet, *new: NewMigration, options: WritingOptions | None = None) -> list[str]:
    return [file.path.name for file in write_migrations(layout, new or (NEW,), now=NOW, options=options)]


def test_statements_and_declarations_come_back(tmp_path: Path) -> None:
    nasty = (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\n\nSELECT 1; -- :a; %s\n$$",
        "UPDATE customers_customer SET name = '%s %% :x \\' WHERE name LIKE '\"\"\"'",
    )
    declared = Declaration(phase=Phase.EXPAND, change="users-name", of="0001_initial")
    new = [
        NewMigration(name="add-full-name", up=nasty, down=nasty[::-1], declaration=declared, note="For review."),
        NewMigration(name="index", up=("CREATE INDEX CONCURRENTLY i ON t (a)",), transaction=False),
        NewMigration(name="purge", up=("DELETE FROM customers_customer",), no_way_back="gone"),
    ]
    root = tmp_path / "shop"
    shutil.copytree(SHOP, root)
    found = {one.id: one for one in add(root, "django", new, WritingOptions(app="customers")).migrations}
    first, second, third = (found[f"customers.000{at}"] for at in ("5_add_full_name", "6_index", "7_purge"))
    assert (statements(first.up), statements(first.down)) == (list(nasty), list(nasty[::-1]))
    assert replace(first.declaration, place=None) == declared
    assert second.up
    assert second.up.transaction is TransactionRule.NONE
    assert second.down is not None
    assert statements(second.down) == []
    assert statements(third.up) == ["DELETE FROM customers_customer"]
    assert third.down is None
    assert third.declaration == Declaration(irreversible="gone")


def test_numbers_and_dependencies_go_on(tmp_path: Path) -> None:
    layout = app(tmp_path, {"0001_initial": "", "0009_more": "('shop', '0001_initial'), ('other', '0044_x')"})
    first, second = write_migrations(layout, (NEW, replace(NEW, name="b")), now=NOW)
    assert (first.path.name, second.path.name) == ("0010_add_full_name.py", "0011_b.py")
    assert '("shop", "0009_more"),' in first.text
    assert '("shop", "0010_add_full_name"),' in second.text


def test_a_squashed_migration_stands_for_those_that_it_replaces(tmp_path: Path) -> None:
    files = {
        "0001_initial": "",
        "0002_b": "('shop', '0001_initial')",
        "0001_squashed_0002_b": "|replaces = [('shop', '0001_initial'), ('shop', '0002_b')]",
    }
    (file,) = write_migrations(app(tmp_path, files), (NEW,), now=NOW)
    assert '("shop", "0001_squashed_0002_b"),' in file.text
    (later,) = write_migrations(app(tmp_path, {**files, "0003_c": "('shop', '0002_b')"}), (NEW,), now=NOW)
    assert '("shop", "0003_c"),' in later.text


def test_several_leaves_are_refused(tmp_path: Path) -> None:
    layout = app(tmp_path, {"0001_a": "", "0002_b": "('shop', '0001_a')", "0002_c": "('shop', '0001_a')"})
    with pytest.raises(UsageError, match="several last migrations: 0002_b, 0002_c"):
        names(layout)


def test_the_app_must_be_known(tmp_path: Path) -> None:
    layout = app(tmp_path, {"0001_a": ""})
    with pytest.raises(UsageError, match="no app 'shops'"):
        names(layout, options=WritingOptions(app="shops"))
    other = replace(layout.migrations[0], id="users.0001_a", path=str(tmp_path / "users" / "migrations" / "0001_a.py"))
    with pytest.raises(UsageError, match="several apps: shop, users"):
        names(replace(layout, migrations=(*layout.migrations, other)))
