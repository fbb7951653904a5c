"""Revisions and Django's migrations become several."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from migsafe.errors import UsageError
from migsafe.model.declaration import Declaration
from migsafe.model.phase import Phase
from migsafe.model.script import MigrationSet
from migsafe.parse import read_script
from migsafe.sources.writing import CannotSplitError, Split, SplitPart, save, split_migration
from source_layouts import write_files
from written_migrations import NOW, read, statements

SHOP = Path(__file__).parents[4] / "fixtures" / "projects" / "django-shop"
PARTS = (
    SplitPart(name="expand", declaration=Declaration(phase=Phase.EXPAND), statements=(0,)),
    SplitPart(name="contract", declaration=Declaration(phase=Phase.CONTRACT), statements=(1,)),
)
HEAD = "from alembic import op\nimport sqlalchemy as sa\n\nrevision = 'a1'\ndown_revision = None\n\n\n"
UP = (
    "def upgrade():\n    # The new name.\n    op.add_column('users', sa.Column('full_name', sa.Text()))\n"
    "    # migsafe: ignore drop-column reason=\"never read\"\n    op.drop_column('users', 'nick')  # gone\n\n\n"
)
DOWN = (
    "def downgrade():\n    op.add_column('users', sa.Column('nick', sa.Text()))\n"
    "    op.drop_column('users', 'full_name')\n"
)


def split(layout: MigrationSet, name: str, parts: tuple[SplitPart, ...] = PARTS) -> Split:
    migration = next(one for one in layout.migrations if one.id == name)
    assert migration.up
    down = None if migration.down is None else read_script(migration.down)
    return split_migration(layout, migration, read_script(migration.up), down, parts, now=NOW, released=False)


def revision(folder: Path, text: str) -> Path:
    return write_files(folder, {"alembic.ini": "[alembic]\nscript_location = m\n", "m/versions/a1.py": text})


def test_a_revision(tmp_path: Path) -> None:
    root = revision(tmp_path, HEAD + UP + DOWN)
    save(split(read(root, "alembic"), "a1").files)
    first, second = read(root, "alembic").migrations
    assert statements(first.up) == ["ALTER TABLE users ADD COLUMN full_name TEXT"]
    assert statements(first.down) == ["ALTER TABLE users DROP COLUMN full_name"]
    assert statements(second.up) == ["ALTER TABLE users DROP COLUMN nick"]
    assert statements(second.down) == ["ALTER TABLE users ADD COLUMN nick TEXT"]
    assert (first.declaration.phase, second.declaration.phase) == (Phase.EXPAND, Phase.CONTRACT)
    assert second.up
    assert 'ignore drop-column reason="never read"' in second.up.text


def test_a_way_back_without_counterparts_stays_whole(tmp_path: Path) -> None:
    root = revision(tmp_path, HEAD + UP + "def downgrade():\n    op.drop_table('users')\n")
    done = split(read(root, "alembic"), "a1")
    assert "stays whole" in done.remarks[0]
    assert "# The way back stands in that of a1." in done.files[1].text


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("    for x in 'ab':\n        op.drop_column('t', x)\n", "more in it than operations"),
        ("    op.drop_column('t', 'a'); op.drop_column('t', 'b')\n", "more on it than one operation"),
        ("    op.drop_column('t', NAME)\n    op.drop_column('t', 'b')\n", "uses NAME, which the file defines"),
        (
            "    with op.batch_alter_table('t') as b:\n        b.drop_column('a')\n        b.drop_column('b')\n",
            "several parts",
        ),
    ],
)
def test_code_that_does_not_stand_alone(body: str, reason: str, tmp_path: Path) -> None:
    root = revision(tmp_path, f"{HEAD}NAME = 'a'\n\n\ndef upgrade():\n{body}")
    parts = (
        (PARTS[1], PARTS[0])
        if "NAME" not in reason
        else (SplitPart(name="a", statements=(1,)), SplitPart(name="b", statements=(0,)))
    )
    with pytest.raises(CannotSplitError, match=reason):
        split(read(root, "alembic"), "a1", parts)


def test_a_revision_that_others_follow(tmp_path: Path) -> None:
    root = revision(tmp_path, HEAD + UP + DOWN)
    write_files(root, {"m/versions/b2.py": "revision = 'b2'\ndown_revision = 'a1'\n\n\ndef upgrade():\n    pass\n"})
    with pytest.raises(UsageError, match="other revisions come after it"):
        split(read(root, "alembic"), "a1")


def test_a_django_migration(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    shutil.copytree(SHOP, root)
    text = (
        "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n"
        '    dependencies = [("customers", "0004_email_not_unique")]\n\n    operations = [\n'
        '        # The new name.\n        migrations.AddField("customer", "nick", models.TextField(null=True)),\n'
        '        migrations.RunSQL(["DELETE FROM customers_customer"], [])\n    ]\n'
    )
    write_files(root, {"customers/migrations/0005_nick.py": text})
    save(split(read(root, "django"), "customers.0005_nick").files)
    found = {one.id: one for one in read(root, "django").migrations}
    first, second = found["customers.0005_nick"], found["customers.0006_contract"]
    assert statements(first.up) == ['ALTER TABLE "customers_customer" ADD COLUMN "nick" text NULL']
    assert statements(second.up) == ["DELETE FROM customers_customer"]
    assert (first.declaration.phase, second.declaration.phase) == (Phase.EXPAND, Phase.CONTRACT)
    assert second.down is not None
    written = (root / "customers/migrations/0006_contract.py").read_text()
    assert written.count("import") == 1
