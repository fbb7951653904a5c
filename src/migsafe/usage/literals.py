"""SQL inside of programs: the texts in a file that are queries, or parts of one, each with its place.

In Python the syntax tree says what is a text, what a docstring, and which call it goes to. In other languages strings
are found by their quotes. What a program fills in becomes a hole.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.parse.query_uses import HOLE
from migsafe.usage.comments import STRING, blanked

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Calls that run a query, or make one, by their last word.
_RUNS = frozenset(
    {"text", "execute", "executemany", "execute_values", "execute_batch", "exec_driver_sql", "raw", "RawSQL", "raw_sql",
     "read_sql", "read_sql_query", "fetch", "fetchrow", "fetchval", "fetch_all", "fetch_one", "fetch_val", "scalar",
     "scalars", "query", "sql", "SQL", "mogrify", "copy", "copy_expert", "get_records", "get_first", "get_pandas_df",
     "DDL", "prepare", "iterate"}
)  # fmt: skip
#: Calls that take a part of a query.
_PARTS = frozenset({"text", "literal_column", "RawSQL", "where", "order_by", "extra", "SQL", "column_expression"})
_QUERY = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(?P<word>select|insert|update|delete|with|merge|copy|truncate|explain|replace)\b",
    re.IGNORECASE | re.DOTALL,
)
_FURTHER = re.compile(r"\b(?:from|into|set|values|table|select|join|as|to|using)\b", re.IGNORECASE)
_FORMAT = re.compile(r"\{\{|\}\}|\{[\w.\[\]!:]*\}")
_INTERPOLATED = re.compile(r"\$\{[^{}]*\}|#\{[^{}]*\}|\{\{[^{}]*\}\}|\$[A-Za-z_]\w*")
#: What a file has at least if one of its texts is a query or goes to a call that takes a part of one.
_HEADS = "select|insert|update|delete|with|merge|copy|truncate|explain|replace"
_MAYBE = re.compile(
    rf"[\"'`]\s*(?:--|/\*|\(?\s*(?:{_HEADS}|{_HEADS.upper()})\b)|\(\s*f?[\"']+\s*(?:{_HEADS.title()})\b"
    r"|\b(?:text|literal_column|RawSQL|where|order_by|extra|SQL|column_expression)\(\s*f?[\"']"
)


@dataclass(frozen=True, slots=True)
class Literal:
    """A text that is SQL.

    Attributes:
        start: the line of its first character, from 1.
        lines: how many lines of the file it covers.
        run: the call that it goes to, for example "execute"; empty where that cannot be seen.
        whole: a query, not a part of one.
    """

    sql: str
    start: int
    lines: int = 1
    run: str = ""
    whole: bool = True

    def line(self, within: int) -> int:
        """The file's line of a line of the text."""
        return self.start + min(within, self.lines) - 1


def may_hold_sql(text: str) -> bool:
    """Whether it is worth to look for SQL in a file."""
    return _MAYBE.search(text) is not None or "<<" in text


# -- Python ----------------------------------------------------------------------------------------------------------


def python_literals(tree: ast.Module) -> Iterator[Literal]:
    """The SQL in a Python file, docstrings left out."""
    for node, call in _texts(tree, ""):
        text = _with_holes(node)
        if is_query(text, certain=call in _RUNS):
            yield Literal(text, node.lineno, _height(node), call if call in _RUNS else "")
        elif call in _PARTS and text.strip():
            yield Literal(text, node.lineno, _height(node), call, whole=False)


def is_query(text: str, *, certain: bool = False) -> bool:
    """Whether a text is a query: by its words, and unless it is certain, not by those of a sentence.

    A sentence begins with a capital letter; SQL is written in capital letters or in small ones.
    """
    found = _QUERY.match(text)
    if found is None:
        return False
    if _FURTHER.search(text, found.end()) is None and not (certain and found["word"].lower() == "truncate"):
        return False
    return certain or found["word"].isupper() or found["word"].islower()


def _texts(node: ast.AST, call: str) -> Iterator[tuple[ast.expr, str]]:
    """Expressions that are texts, and the last word of the call that each is an argument of."""
    if isinstance(node, ast.expr) and _is_text(node):
        yield node, call
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.Call):
        word = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        yield from _texts(node.func, call)
        for argument in (*node.args, *(pair.value for pair in node.keywords)):
            yield from _texts(argument, word)
        return
    for child in ast.iter_child_nodes(node):
        yield from _texts(child, call)


def _is_text(node: ast.expr) -> bool:
    """A text, one with fields, or several put together."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add | ast.Mod) and (_is_text(node.left) or _is_text(node.right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return _is_text(node.func.value)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _with_holes(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_with_holes(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _with_holes(node.left) + _with_holes(node.right)
    if isinstance(node, ast.BinOp) and _is_text(node.left):
        return _percents(_with_holes(node.left))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_text(node.func.value):
        return _FORMAT.sub(HOLE, _with_holes(node.func.value))
    return HOLE


def _percents(text: str) -> str:
    """`"… %s" % value` of Python's own formatting."""
    return re.sub(r"%(?:\(\w+\))?[sdr]", HOLE, text)


def _height(node: ast.expr) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


# -- other languages -------------------------------------------------------------------------------------------------

_HEREDOC = re.compile(r"<<[~-]?(?P<quote>[\"'`]?)(?P<name>[A-Z_]+)(?P=quote)[^\n]*\n(?P<body>.*?)^\s*(?P=name)\b",
                      re.DOTALL | re.MULTILINE)  # fmt: skip
_JOINS = re.compile(r"\s*[+.\\]?\s*")


def other_literals(text: str, style: str) -> Iterator[Literal]:
    """The SQL in a program of another language; strings that are put together with `+` or `.` are one."""
    quiet = blanked(text, style)
    for found in _HEREDOC.finditer(quiet) if _has_heredocs(text, style) else ():
        if is_query(found["body"]):
            yield _other(text, found["body"], found.start("body"))
    parts: list[str] = []
    start, end = 0, -1
    for found in STRING.finditer(quiet):
        joined = bool(parts) and _JOINS.fullmatch(quiet, end, found.start()) is not None
        if parts and not joined:
            yield from _strings(text, parts, start)
            parts = []
        if not parts:
            start = found.start()
        parts.append(_unquoted(found.group()))
        end = found.end()
    if parts:
        yield from _strings(text, parts, start)


def _has_heredocs(text: str, style: str) -> bool:
    """Shell, Ruby, Perl and PHP have them; elsewhere `<<` is an operator, and each would be searched to the end."""
    return style == "hash" or "<<<" in text


def _strings(text: str, parts: list[str], start: int) -> Iterator[Literal]:
    sql = "".join(parts)
    if is_query(sql):
        yield _other(text, sql, start)


def _other(text: str, sql: str, at: int) -> Literal:
    lines = sql.count("\n") + 1
    return Literal(_INTERPOLATED.sub(HOLE, sql), text.count("\n", 0, at) + 1, lines)


def _unquoted(written: str) -> str:
    for quote in ('"""', "'''"):
        if written.startswith(quote) and len(written) >= 6:
            return written[3:-3]
    return written[1:-1].replace('\\"', '"').replace("\\n", " ")


def without_queries(text: str, style: str) -> str:
    """A program's text in which comments and SQL are blank, so that only other words are left."""
    quiet = blanked(text, style)
    if _has_heredocs(text, style):
        quiet = _HEREDOC.sub(lambda found: _blank_query(found.group(), found["body"]), quiet)
    return STRING.sub(lambda found: _blank_query(found.group(), _unquoted(found.group())), quiet)


def python_without_queries(tree: ast.Module, text: str) -> str:
    """The same of a Python file, whose docstrings are blank too."""
    lines = text.splitlines(keepends=True)
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            _blank_lines(lines, node.value)
    for node, call in _texts(tree, ""):
        if is_query(_with_holes(node), certain=call in _RUNS):
            _blank_lines(lines, node)
    return blanked("".join(lines), "hash")


def _blank_lines(lines: list[str], node: ast.expr) -> None:
    """Whole lines: what else stands on a query's lines is the call that runs it."""
    for at in range(node.lineno - 1, node.end_lineno or node.lineno):
        lines[at] = "\n" if lines[at].endswith("\n") else ""


def _blank_query(written: str, inside: str) -> str:
    return re.sub(r"[^\n]", " ", written) if is_query(inside) else written
