"""What counts as speaking to the database, where a revision has rendered to nothing."""

from __future__ import annotations

from textwrap import dedent

import pytest

from revision_bodies import deeds

HEAD = """
from alembic import op
from importlib import import_module
from shop.migrations.helpers import add_audit_columns
from shop.migrations.shared import utils
from shop.models import Order

earlier = import_module("shop.migrations.versions.2024_01_prices")

"""


def calls(body: str) -> list[str]:
    return [deed.call for deed in deeds(HEAD + dedent(body))]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("def upgrade():\n    op.add_column('t', c)", ["op.add_column"]),
        ("def upgrade():\n    with op.batch_alter_table('t') as batch:\n        pass", ["op.batch_alter_table"]),
        ("def upgrade():\n    connection.execute(text)", ["connection.execute"]),
        ("def upgrade():\n    session.query(Order).all()", ["session.query"]),
        ("def upgrade():\n    helper()\ndef helper():\n    op.drop_table('t')", ["op.drop_table"]),
        ("def upgrade():\n    list(map(helper, 'ab'))\ndef helper(name):\n    op.drop_table(name)", ["op.drop_table"]),
        ("def upgrade():\n    add_audit_columns('t')", ["add_audit_columns"]),
        ("def upgrade():\n    utils.drop_all()", ["utils.drop_all"]),
        ("def upgrade():\n    earlier.upgrade()", ["earlier.upgrade"]),
        (
            "def upgrade():\n    again()\ndef again():\n    again()\n    op.f('x')\n    op.drop_table('t')",
            ["op.drop_table"],
        ),
    ],
)
def test_a_deed(body: str, expected: list[str]) -> None:
    assert calls(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        "def upgrade():\n    pass",
        "def upgrade():\n    name = op.f('ix_t_a')",
        "def upgrade():\n    print(Order.total)",
        "def upgrade():\n    pass\ndef downgrade():\n    op.drop_table('t')",
        "def upgrade():\n    pass\ndef helper():\n    op.drop_table('t')",
        "def downgrade():\n    op.drop_table('t')",
    ],
)
def test_no_deed(body: str) -> None:
    assert calls(body) == []


def test_deeds_come_in_the_order_of_the_lines_and_say_them() -> None:
    text = "def helper():\n    op.drop_table('b')\n\n\ndef upgrade():\n    op.drop_table('a')\n    helper()\n"
    assert [(deed.line, deed.call) for deed in deeds(text)] == [(2, "op.drop_table"), (6, "op.drop_table")]
