"""Recipes in the words of tools whose migrations are Python: the same SQL, as their users write it down.

CREATE INDEX CONCURRENTLY i ON t (a);      →    with op.get_context().autocommit_block():
                                                    op.execute("CREATE INDEX CONCURRENTLY i ON t (a)")
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migsafe.rules.wording import OUTSIDE_TRANSACTION

_KEY_WORDS = "ALTER|ANALYZE|COMMENT|CREATE|DELETE|DROP|GRANT|INSERT|LOCK|REFRESH|REINDEX|REVOKE|SELECT|SET|UPDATE|WITH"
_FIRST_LINE = re.compile(rf"(?:{_KEY_WORDS})\b")
_LAST_LINE = re.compile(r"(?P<sql>.*);\s*(?:--\s*(?P<comment>.*))?\Z", re.DOTALL)
#: What is done there is no part of a migration, and stays SQL.
_ELSEWHERE = "outside of the migration"
_COMMENT = re.compile(r"--\s*(?P<text>.*)\Z")


@dataclass(frozen=True, slots=True)
class _Words:
    """How a tool says it.

    Attributes:
        run: the call that sends one statement.
        outside: the line before statements that need to run outside a transaction.
        indented: whether those statements stand inside of that line's block.
    """

    run: str
    outside: str
    indented: bool


_WORDS = {
    "alembic": _Words("op.execute", "with op.get_context().autocommit_block():", indented=True),
    "django": _Words("migrations.RunSQL", "# in a migration with atomic = False:", indented=False),
}


def in_words_of(tool: str, recipe: str) -> str:
    """A recipe as a tool's user writes it; unchanged for tools whose migrations are SQL, and where it is no SQL."""
    words = _WORDS.get(tool)
    return recipe if words is None else "\n".join(_translated(recipe.split("\n"), words))


def _translated(lines: list[str], words: _Words) -> Iterator[str]:
    """Line by line; a statement over several lines stays one."""
    waiting: list[str] = []
    margin, elsewhere = "", False
    for line in lines:
        if comment := _COMMENT.match(line):
            elsewhere = _ELSEWHERE in line
        if line == OUTSIDE_TRANSACTION:
            yield words.outside
            margin = "    " if words.indented else ""
        elif comment:
            margin = ""
            yield line if elsewhere else f"# {comment['text']}"
        elif elsewhere:
            yield line
        elif waiting or _FIRST_LINE.match(line):
            waiting.append(line)
            if end := _LAST_LINE.match("\n".join(waiting)):
                yield _call(end["sql"], end["comment"], words, margin)
                waiting.clear()
        else:
            yield line
    yield from waiting


def _call(sql: str, comment: str | None, words: _Words, margin: str) -> str:
    quotes = '"""' if "\n" in sql or '"' in sql else '"'
    text = sql.replace("\\", "\\\\").replace('"""', r"\"\"\"")
    closing = " " if text.endswith('"') else ""  # so that the last quote is not taken for the string's own
    return f"{margin}{words.run}({quotes}{text}{closing}{quotes})" + (f"  # {comment}" if comment else "")
