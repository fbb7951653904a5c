"""Alembic's `script.py.mako`, filled in without running it.

A Mako template is a program, and nothing of a project runs here. Nearly all projects keep Alembic's own template or add
imports and comments to it; those hold nothing but the expressions below. One with anything else is not filled in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_EXPRESSION = re.compile(r"\$\{(?P<inside>[^{}\n]*)\}")
_COMMENT = re.compile(r"^[ \t]*##[^\n]*\n", re.MULTILINE)
_DOC = re.compile(r"<%doc>.*?</%doc>\n?", re.DOTALL)
#: What makes a template a program: control lines, and tags with code.
_PROGRAM = re.compile(r"^[ \t]*%(?!%)|<%|\\\n", re.MULTILINE)
_SPACE = re.compile(r"\s+")

#: The template of Alembic 1.16 and later, for environments whose own cannot be filled in.
GENERIC = '''\
"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

# revision identifiers, used by Alembic.
revision: str = ${repr(up_revision)}
down_revision: Union[str, Sequence[str], None] = ${repr(down_revision)}
branch_labels: Union[str, Sequence[str], None] = ${repr(branch_labels)}
depends_on: Union[str, Sequence[str], None] = ${repr(depends_on)}


def upgrade() -> None:
    """Upgrade schema."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Downgrade schema."""
    ${downgrades if downgrades else "pass"}
'''


def filled(template: str, values: Mapping[str, str | None]) -> str | None:
    """The template with its values; None where it has more than expressions that are known.

    Args:
        values: by the names that Alembic gives a template; None for Python's None.
    """
    text = _DOC.sub("", _COMMENT.sub("", template.replace("\r\n", "\n")))
    if _PROGRAM.search(text):
        return None
    known = _expressions(values)
    missing = [match for match in _EXPRESSION.finditer(text) if _bare(match["inside"]) not in known]
    if missing or "${" in _EXPRESSION.sub("", text):
        return None
    return _EXPRESSION.sub(lambda match: known[_bare(match["inside"])], text)


def _bare(expression: str) -> str:
    return _SPACE.sub("", expression).replace("'", '"')


def _expressions(values: Mapping[str, str | None]) -> dict[str, str]:
    """What each expression gives, without its spaces."""
    found: dict[str, str] = {}
    for name, value in values.items():
        found[name] = str(value)
        found[f"repr({name})"] = "None" if value is None else repr(value)
        found[f"{name}|n"] = str(value)
        found[f"{name}|comma,n"] = value or ""
        found[f'{name}if{name}else""'] = value or ""
        found[f'{name}if{name}else"pass"'] = value or "pass"
        found[f'{name}or""'] = value or ""
        found[f'{name}or"pass"'] = value or "pass"
    return found
