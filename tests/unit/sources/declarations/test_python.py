"""Globals of revisions, and attributes of Django's migrations."""

from __future__ import annotations

from textwrap import dedent

import pytest

from migsafe.model.declaration import SILENT, Declaration
from migsafe.model.phase import Part, Phase
from migsafe.model.script import Position, SourceText
from migsafe.sources.declarations import declared_in_python


def declared(text: str) -> Declaration:
    return declared_in_python(SourceText("a.py", dedent(text).lstrip("\n")))


def test_globals_of_a_revision() -> None:
    found = declared("""
        revision = "b"
        phase: str = "contract"
        change = "users-name"
        of = "a"
        release = "2026.11"
        part = "purge"
    """)
    assert found == Declaration(Phase.CONTRACT, "users-name", "a", "2026.11", Part.PURGE, place=Position(2, 14))


def test_attributes_of_a_django_migration() -> None:
    found = declared("""
        from django.db import migrations

        release = "of the module, which says nothing"

        class Migration(migrations.Migration):
            phase = "expand"
            change = "users-name"
            operations = []
    """)
    assert found == Declaration(Phase.EXPAND, "users-name", place=Position(6, 13))


def test_prefixed_names_take_the_place_of_the_plain_ones() -> None:
    found = declared("""
        class Migration(migrations.Migration):
            phase = "nightly"
            migsafe_phase = "migrate"
    """)
    assert (found.phase, found.problem) == (Phase.MIGRATE, None)


def test_a_comment_at_the_head() -> None:
    found = declared("""
        \"\"\"Drop it.\"\"\"
        # migsafe: phase=contract release=3
        import sqlalchemy as sa
    """)
    assert (found.phase, found.release, found.place) == (Phase.CONTRACT, "3", Position(2, 1))


def test_the_marker_counts_wherever_it_stands() -> None:
    found = declared("""
        phase = "contract"
        def downgrade():
            # migsafe: irreversible reason="gone"
            pass
    """)
    assert (found.phase, found.irreversible) == (Phase.CONTRACT, "gone")


@pytest.mark.parametrize(
    "text",
    [
        "revision = 'a'",
        "release = get_release()",
        "part = 3",
        "change = None",
        "def upgrade():\n    phase = 'contract'\n",
        "text = '''\nphase = 1\n'''",
        "phase == 'contract'",
        "phase = 'contract'\nthis is no Python",
        "op.drop_table('t')  # migsafe: ignore drop-table reason=x",
    ],
)
def test_what_declares_nothing(text: str) -> None:
    assert declared(text) is SILENT


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("phase = 'expnad'", "names the unknown phase 'expnad'; did you mean expand?"),
        ("phase = make()", "computes its 'phase', or gives it no text: only a text that is written down can be read"),
        (
            "phase = 'expand'\nrelease = 2026.11",
            "computes its 'release', or gives it no text: only a text that is written down can be read",
        ),
        ("migsafe_phse = 'expand'", "has the unknown key 'phse'; did you mean phase?"),
        ("# migsafe: phase=expand\nphase = 'expand'", "says 'phase' twice"),
        ("import a\n# migsafe: phase=expand", "has a part behind the first statement: it counts only before it"),
    ],
)
def test_problems(text: str, problem: str) -> None:
    assert declared(text).problem == problem
