"""Python migrations that stand where no tool would look for them."""

from __future__ import annotations

import pytest

from migsafe.sources.unread import ALEMBIC_HINT, DJANGO_HINT, hint_for_text


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('revision = "a"\n', ALEMBIC_HINT),
        ('"""x"""\nrevision: str = "a"\n', ALEMBIC_HINT),
        ("down_revision = None\n", ALEMBIC_HINT),
        ("class Migration(migrations.Migration):\n", DJANGO_HINT),
        ("class Migration(SafeMigration):\n", DJANGO_HINT),
        ("class MigrationHelper(Base):\n", None),
        ("    revision = 3\n", None),
        ("revisions = []\n", None),
        ("", None),
    ],
)
def test_a_file_is_told_by_its_globals(text: str, hint: str | None) -> None:
    assert hint_for_text(text) == hint
