"""Where in a revision's file something happens, read from the running frames."""

from __future__ import annotations

import ast
import linecache
import sys
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types import FrameType, TracebackType


class Place(NamedTuple):
    """A span of a file: lines and columns count from 1, columns in code points, the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


def current_place(path: str) -> Place | None:
    """The expression that is being evaluated in the innermost running frame of a file."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename == path:
            return _place(path, frame, frame.f_lasti, frame.f_lineno)
        frame = frame.f_back
    return None


def inspector_is_running() -> bool:
    """Whether one of SQLAlchemy's dialects is asking the catalogue on its own account."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if "/sqlalchemy/dialects/" in code.co_filename and code.co_name.startswith(("get_", "has_", "_")):
            return True
        frame = frame.f_back
    return False


def raised_place(path: str, traceback: TracebackType | None) -> Place | None:
    """The expression of the file that an exception came through last."""
    found: Place | None = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == path:
            found = _place(path, traceback.tb_frame, traceback.tb_lasti, traceback.tb_lineno)
        traceback = traceback.tb_next
    return found


def _place(path: str, frame: FrameType, instruction: int, fallback_line: int | None) -> Place:
    positions = next(islice(frame.f_code.co_positions(), instruction // 2, None), (None, None, None, None))
    line, end_line, column, end_column = positions
    if line is None or end_line is None or column is None or end_column is None:
        at = line or fallback_line or 1
        return Place(at, 1, at, 1)
    if (head := _with_heads(path).get((line, column))) is not None:
        end_line, end_column = head
    return Place(line, _code_points(path, line, column), end_line, _code_points(path, end_line, end_column))


@cache
def _with_heads(path: str) -> dict[tuple[int, int], tuple[int, int]]:
    """Where the head of each `with` statement ends, by its beginning: what runs at its end is no part of its body."""
    tree = ast.parse("".join(linecache.getlines(path)))
    heads = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.With):
            last = node.items[-1].optional_vars or node.items[-1].context_expr
            heads[node.lineno, node.col_offset] = (last.end_lineno or node.lineno, last.end_col_offset or 0)
    return heads


def _code_points(path: str, line: int, byte_column: int) -> int:
    """The 1-based column for a 0-based offset in UTF-8, as the interpreter counts."""
    text = linecache.getline(path, line).encode("utf-8", errors="replace")
    return len(text[:byte_column].decode("utf-8", errors="replace")) + 1
