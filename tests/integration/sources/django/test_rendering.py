"""Real Django renders real migrations; no server is there."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.catalogue.following import Following, ReadScripts
from migsafe.errors import EnvironmentFailedError
from migsafe.model.catalogue import Catalogue
from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, MigrationSet, Script, TransactionRule
from migsafe.parse import read_script
from migsafe.sources.base import SourceOptions
from migsafe.sources.django.source import Django
from migsafe.sources.files import Folder
from source_layouts import write_files

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(importlib.util.find_spec("django") is None, reason="Django is not installed here")

FIXTURES = Path(__file__).parents[4] / "fixtures" / "projects"
SHOP = FIXTURES / "django-shop"
EXPECTED = FIXTURES / "django-shop-expected.txt"


@pytest.fixture(autouse=True)
def _from_the_fixtures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FIXTURES)
    for name in ("VIRTUAL_ENV", "DJANGO_SETTINGS_MODULE"):
        monkeypatch.delenv(name, raising=False)


def read(root: Path, dialect: Dialect | None = None, settings: str | None = None) -> tuple[MigrationSet, ...]:
    options = SourceOptions(
        python=sys.executable,
        dialect=dialect,
        settings=settings,
        follow=lambda dialect: Following(Catalogue(dialect), ReadScripts().read),
    )
    return Django().read_databases(Folder(root), options)


def script_of(found: MigrationSet, migration: str, direction: Direction = Direction.UP) -> Script:
    scripts = next(one for one in found.migrations if one.id == migration).scripts
    return next(script for script in scripts if script.direction is direction)


def lines_of(script: Script) -> Iterator[str]:
    """Each statement and gap, with its place in the file."""
    for statement in read_script(script).statements:
        place = script.position(statement.span.start)
        yield f"{place.line}:{place.column} {' '.join(statement.text.split())}"
    for gap in script.gaps:
        place = script.position(gap.span.start)
        yield f"{place.line}:{place.column} GAP {gap.reason}"


def describe(databases: tuple[MigrationSet, ...]) -> str:
    lines = []
    for found in databases:
        lines.append(f"{found.tool} in {found.root} for {found.dialect}")
        for migration in found.migrations:
            for script in migration.scripts:
                lines.append(f"  {migration.id} {script.direction}, transaction {script.transaction}, {script.path}")
                lines += [f"    {line}" for line in lines_of(script)]
    return "\n".join(lines) + "\n"


def test_the_shop_is_rendered_for_both_databases(update: bool) -> None:
    found = describe(read(SHOP)).replace(" CASCADE", "")  # which Django says up to 6.0, and no longer since 6.1
    if sys.version_info >= (3, 13):  # a loop's query stands at what it goes through, and before at the word `for`
        found = found.replace("    6:21 SELECT", "    6:5 SELECT")
    if update:
        EXPECTED.write_text(found, encoding="utf-8")
    assert found == EXPECTED.read_text(encoding="utf-8")


def test_another_dialect_can_be_asked_for() -> None:
    found = read(SHOP, Dialect.MYSQL)
    assert {one.dialect for one in found} == {Dialect.MYSQL}
    up = script_of(found[0], "orders.0001_initial")
    assert "`orders_order`" in up.text
    assert up.transaction is TransactionRule.NONE


SETTINGS = """
SECRET_KEY = "x"
INSTALLED_APPS = ["app"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "x", "HOST": "127.0.0.1", "PORT": "1"}}
"""
MANAGE = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conf")
sys.path.append("src")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
HEAD = "from django.db import migrations, models\n"
BOOK = """
class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Book", [("id", models.BigAutoField(primary_key=True)), ("title", models.TextField())]),
    ]
"""


def migration(operations: str, before: str = "", head: str = "") -> str:
    """A second migration of the app; its first operation stands on line 2 behind what is before."""
    body = f'class Migration(migrations.Migration):\n    dependencies = [("app", "0001_initial")]\n{head}'
    return f"{HEAD}{before}\n{body}    operations = [\n{operations}    ]\n"


def project(folder: Path, second: str, settings: str = SETTINGS) -> Path:
    """A project of one app, which stands where only `manage.py` says."""
    files = {"0001_initial.py": HEAD + BOOK, "0002_more.py": second, "__init__.py": ""}
    return write_files(
        folder,
        {
            "manage.py": MANAGE,
            "conf.py": settings,
            "src/app/__init__.py": "",
            **{f"src/app/migrations/{name}": text for name, text in files.items()},
        },
    )


def second_of(folder: Path, direction: Direction = Direction.UP) -> Script:
    return script_of(read(folder)[0], "app.0002_more", direction)


def test_data_migrations_show_the_statements_of_their_loops(tmp_path: Path) -> None:
    code = """
def fill(apps, schema_editor):
    Book = apps.get_model("app", "Book")
    for book in Book.objects.filter(title=""):
        book.title = "it's"
        book.save()
    while Book.objects.filter(title="x").exists():
        Book.objects.filter(title="x").delete()
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT id, title FROM app_book WHERE title LIKE %s", ["a%"])
        for number, title in cursor:
            cursor.execute("UPDATE app_book SET title = %s WHERE id = %s", [title * 2, number])
"""
    script = second_of(project(tmp_path, migration("        migrations.RunPython(fill),\n", code)))
    lines = list(lines_of(script))
    assert not script.gaps
    assert '7:9 UPDATE "app_book" SET "title" = \'it\'\'s\' WHERE "app_book"."id" = 1' in lines
    assert sum("DELETE FROM" in line for line in lines) == 1
    assert "11:9 SELECT id, title FROM app_book WHERE title LIKE 'a%'" in lines
    assert "13:13 UPDATE app_book SET title = '11' WHERE id = 1" in lines


def test_code_that_fails_on_made_up_rows_is_run_on_empty_tables(tmp_path: Path) -> None:
    code = """
def fill(apps, schema_editor):
    for book in apps.get_model("app", "Book").objects.all():
        assert book.title.split("-")[1]
    schema_editor.execute("ANALYZE app_book")
"""
    script = second_of(project(tmp_path, migration("        migrations.RunPython(fill),\n", code)))
    assert not script.gaps
    assert "ANALYZE app_book" in script.text


def test_a_failure_is_a_gap_at_its_line_and_its_neighbours_go_on(tmp_path: Path) -> None:
    code = """
def fill(apps, schema_editor):
    schema_editor.execute("ANALYZE app_book")
    raise RuntimeError("the service does not answer")
"""
    operations = '        migrations.RunPython(fill),\n        migrations.RunSQL("VACUUM app_book"),\n'
    script = second_of(project(tmp_path, migration(operations, code)))
    assert [line for line in lines_of(script) if "GAP" not in line] == [
        "4:5 ANALYZE app_book",
        "11:9 VACUUM app_book",
    ]
    assert [gap.reason for gap in script.gaps] == ["RuntimeError: the service does not answer"]
    assert script.position(script.gaps[0].span.start).line == 5


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("import subprocess; subprocess.run(['true'])", "PermissionError"),
        ("import socket; socket.create_connection(('127.0.0.1', 1))", "ConnectionRefusedError"),
        ("import django.db; django.db.connection.Database.connect('')", "ConnectionRefusedError"),
    ],
)
def test_what_a_migration_may_not_do_is_a_gap(code: str, reason: str, tmp_path: Path) -> None:
    second = migration("        migrations.RunPython(fill),\n", f"\ndef fill(apps, schema_editor):\n    {code}\n")
    script = second_of(project(tmp_path, second))
    assert [gap.reason.startswith(reason) for gap in script.gaps] == [True]


def test_a_migration_that_ends_the_process_costs_only_itself(tmp_path: Path) -> None:
    code = "\ndef fill(apps, schema_editor):\n    import os\n    os._exit(7)\n"
    root = project(tmp_path, migration("        migrations.RunPython(fill),\n", code))
    third = migration('        migrations.RunSQL("ANALYZE app_book"),\n').replace("0001_initial", "0002_more")
    write_files(root, {"src/app/migrations/0003_rest.py": third})
    (found,) = read(root)
    assert [one.id for one in found.migrations] == ["app.0001_initial", "app.0002_more", "app.0003_rest"]
    assert script_of(found, "app.0002_more").gaps
    assert "ANALYZE" in script_of(found, "app.0003_rest").text


def test_an_atomic_block_in_a_migration_without_a_transaction_is_seen(tmp_path: Path) -> None:
    code = """
def fill(apps, schema_editor):
    from django.db import transaction
    with transaction.atomic():
        apps.get_model("app", "Book").objects.update(title="x")
"""
    second = migration("        migrations.RunPython(fill),\n", code, head="    atomic = False\n")
    script = second_of(project(tmp_path, second))
    assert script.transaction is TransactionRule.NONE
    assert [line.split(maxsplit=2)[1] for line in lines_of(script)] == ["BEGIN", "UPDATE", "COMMIT"]


def test_deferred_statements_belong_to_the_operation_that_wants_them(tmp_path: Path) -> None:
    operations = """\
        migrations.AddField("book", "next", models.ForeignKey("app.Book", models.CASCADE, null=True)),
        migrations.AddField("book", "price", models.IntegerField(null=True)),
"""
    lines = list(lines_of(second_of(project(tmp_path, migration(operations)))))
    assert [line.split(":")[0] for line in lines if "CREATE INDEX" in line] == ["6"]
    assert [line.split(":")[0] for line in lines if '"price"' in line] == ["7"]


def test_an_extension_has_a_way_back(tmp_path: Path) -> None:
    operations = "        HStoreExtension(),\n"
    second = "from django.contrib.postgres.operations import HStoreExtension\n" + migration(operations)
    root = project(tmp_path, second)
    assert "CREATE EXTENSION IF NOT EXISTS" in second_of(root).text
    assert "DROP EXTENSION IF EXISTS" in second_of(root, Direction.DOWN).text


def test_what_cannot_be_taken_back_has_no_way_down(tmp_path: Path) -> None:
    inner = 'migrations.SeparateDatabaseAndState(database_operations=[migrations.RunSQL("ANALYZE app_book")])'
    (found,) = read(project(tmp_path, migration(f"        {inner},\n")))
    assert [script.direction for script in found.migrations[1].scripts] == [Direction.UP]


def test_an_ignore_stands_above_its_operation(tmp_path: Path) -> None:
    operations = """\
        # migsafe: ignore drop-column reason="never deployed"
        migrations.RemoveField("book", "title"),
"""
    script = second_of(project(tmp_path, migration(operations)))
    assert script.text.startswith('-- migsafe: ignore drop-column reason="never deployed"\nALTER TABLE')


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("import nothing_of_the_sort", r"the settings conf do not load: ModuleNotFoundError.*conf\.py:1"),
        (SETTINGS + "INSTALLED_APPS = ['nobody']", "the project's apps do not load: ModuleNotFoundError"),
        (SETTINGS + "DATABASES = {}", "name no database"),
    ],
)
def test_a_project_that_does_not_load_is_said(settings: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailedError, match=reason) as caught:
        read(project(tmp_path, migration(""), settings))
    assert caught.value.hint


def test_a_dialect_makes_up_for_missing_databases(tmp_path: Path) -> None:
    root = project(tmp_path, migration(""), SETTINGS + "DATABASES = {}")
    (found,) = read(root, Dialect.SQLITE)
    assert (found.dialect, len(found.migrations)) == (Dialect.SQLITE, 2)


def test_named_settings_win_over_those_of_the_manage_script(tmp_path: Path) -> None:
    root = project(tmp_path, migration(""), "raise RuntimeError('not these')")
    write_files(root, {"ci.py": SETTINGS})
    assert len(read(root, settings="ci")[0].migrations) == 2


def test_a_migration_that_does_not_import_is_said_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailedError, match=r"the migrations do not load: NameError.*0002_more\.py:1"):
        read(project(tmp_path, "nobody()\n"))


def test_the_same_statements_reach_a_real_sqlite(tmp_path: Path) -> None:
    """What `migrate` runs on a real database is what is rendered, in the same order."""
    import json
    import subprocess

    operations = """\
        migrations.AddField("book", "price", models.IntegerField(default=3)),
        migrations.AlterField("book", "title", models.CharField(max_length=99, unique=True)),
        migrations.AlterUniqueTogether("book", {("title", "price")}),
        migrations.RenameField("book", "title", "name"),
        migrations.RunSQL(["CREATE TABLE x (a int)", ("INSERT INTO x VALUES (%s)", [7])]),
"""
    settings = SETTINGS + 'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "real.sqlite3"}}'
    root = project(tmp_path, migration(operations), settings)
    log = """
import json, os, sys
sys.path[:0] = [".", "src"]
os.environ["DJANGO_SETTINGS_MODULE"] = "conf"
import django
django.setup()
from django.core.management import call_command
from django.db import connection
ran = []
def listen(execute, sql, params, many, context):
    ran.append(sql)
    return execute(sql, params, many, context)
call_command("migrate", "app", "0001", verbosity=0)
with connection.execute_wrapper(listen):
    call_command("migrate", "app", "0002", verbosity=0)
print(json.dumps(ran))
"""
    real = json.loads(subprocess.run([sys.executable, "-c", log], cwd=root, check=True, capture_output=True).stdout)
    words = ("CREATE", "ALTER", "DROP")
    wanted = [" ".join(sql.split()) for sql in real if sql.startswith(words) and "django_" not in sql]
    found = [line.split(maxsplit=1)[1] for line in lines_of(second_of(root))]
    assert [sql for sql in found if sql.startswith(words)] == wanted
    assert "INSERT INTO x VALUES (7)" in found
