"""Declarations of Python migrations, by their syntax tree: nothing of them runs here.

Alembic, plain globals of the revision:

    phase = "contract"
    change = "users-full-name"

Django, plain attributes of the migration's class, under the same names: Django gives its `Migration` none of them
(`operations`, `dependencies`, `run_before`, `replaces`, `initial`, `atomic`; Django 5.2 and 6.0).

    class Migration(migrations.Migration):
        phase = "contract"
        change = "users-full-name"

Where a project has names of its own that collide, `migsafe_phase`, `migsafe_change`, … say the same, and then only they
count. A comment `# migsafe: phase=…` above the first statement says it as well, as in SQL.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from typing import TYPE_CHECKING

from migsafe.model.declaration import SILENT, Declaration
from migsafe.model.script import Position
from migsafe.sources.alembic.literals import ComputedError, NotPythonError, assigned, parse, top_level, value_of
from migsafe.sources.declarations.words import KEYS, Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from migsafe.model.script import SourceText

_PREFIX = "migsafe_"
#: Whatever may declare something; a file without it is not parsed.
_MAY_DECLARE = re.compile(rf"^[ \t]*(?:{_PREFIX}\w+|{'|'.join(KEYS)})[ \t]*[:=]|\#[ \t]*migsafe:", re.MULTILINE)
_COMMENT = re.compile(r"\#\s*(?P<text>migsafe:.*)")


def declared_in_python(source: SourceText) -> Declaration:
    """What a revision, or a Django migration, declares; a file that is no Python says nothing."""
    if not _MAY_DECLARE.search(source.text):
        return SILENT
    try:
        tree = parse(source.text)
    except NotPythonError:
        return SILENT
    words = Words()
    for text, place, at_head in _comments(source.text):
        (words.comment if at_head else words.misplaced)(text, place)
    _take(assigned(_body(tree)), words)
    return words.declaration()


def _body(tree: ast.Module) -> ast.Module:
    """What declares: the class of a Django migration where there is one, else the module."""
    classes = (node for node in top_level(tree) if isinstance(node, ast.ClassDef) and node.name == "Migration")
    found = next(classes, None)
    return tree if found is None else ast.Module(found.body, [])


def _take(names: Mapping[str, ast.expr], words: Words) -> None:
    prefixed = {name.removeprefix(_PREFIX): node for name, node in names.items() if name.startswith(_PREFIX)}
    chosen = prefixed or {key: names[key] for key in KEYS if key in names}
    values = {key: _value(node, names) for key, node in chosen.items()}
    speaks = bool(prefixed) or "phase" in values or any(isinstance(value, str) for value in values.values())
    for key, value in values.items() if speaks else ():
        place = Position(chosen[key].lineno, chosen[key].col_offset + 1)
        if isinstance(value, str):
            words.pair(key, value, place)
        elif value is not None:
            words.place = words.place or place
            words.complain(f"computes its {key!r}, or gives it no text: only a text that is written down can be read")


def _value(node: ast.expr, names: Mapping[str, ast.expr]) -> object:
    """The value that is written down; the node itself where there is none."""
    try:
        return value_of(node, names)
    except ComputedError:
        return node


def _comments(text: str) -> Iterator[tuple[str, Position, bool]]:
    """The comments that begin with `migsafe:`, where they stand, and whether that is above the first statement."""
    if "migsafe:" not in text:
        return
    head = True
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT and (match := _COMMENT.match(token.string)):
                yield match["text"], Position(token.start[0], token.start[1] + 1), head
            head = head and token.type not in (tokenize.NAME, tokenize.OP)
    except (tokenize.TokenError, SyntaxError):
        return
