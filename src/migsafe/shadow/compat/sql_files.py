"""Queries that a project keeps in SQL files: sqlc, aiosql, PugSQL and the like, or nothing but statements."""

from __future__ import annotations

import re
from pathlib import Path

from migsafe.model.script import SourceText
from migsafe.parse.split import Piece, PieceKind, split
from migsafe.shadow.compat.placeholders import number_parameters
from migsafe.shadow.compat.query import Origin, Queries, Query, Skipped
from migsafe.shadow.compat.scan import why_no_query

#: `-- name: GetUser :one` of sqlc, `-- name: get-user^` of aiosql, `-- :name get_user :one` of PugSQL.
_NAME = re.compile(r"(?:name:|:name)\s*(?P<name>[\w.$-]+)")


def read_sql_file(path: Path, shown: str) -> Queries:
    """All queries of a file.

    Args:
        path: the file.
        shown: its path as people see it.

    Returns:
        Its queries; what is no query, and why.
    """
    try:
        return read_sql(path.read_text(encoding="utf-8-sig"), shown)
    except (OSError, UnicodeDecodeError) as error:
        return Queries(skipped=(Skipped(shown, f"cannot be read: {error}"),))


def read_sql(text: str, shown: str) -> Queries:
    """All queries of a text; see `read_sql_file`."""
    source = SourceText(shown, text)
    return Queries.joined(
        _read(piece, text[piece.span.start : piece.span.end], shown, source.position(piece.span.start).line)
        for piece in split(text).pieces
    )


def _read(piece: Piece, sql: str, path: str, line: int) -> Queries:
    reason = _why_not(piece, sql)
    if reason:
        return Queries(skipped=(Skipped(f"{path}:{line}", reason),))
    numbered = number_parameters(sql)
    query = Query(
        numbered.sql,
        Origin.FILE,
        path,
        line,
        _name(piece),
        alternatives=() if numbered.sql == sql else (sql,),
    )
    return Queries((query,))


def _why_not(piece: Piece, sql: str) -> str:
    if piece.kind is PieceKind.PSQL:
        return "a command of psql"
    if piece.kind is PieceKind.UNTERMINATED:
        return f"a {piece.problem} that is never closed"
    return why_no_query(sql)


def _name(piece: Piece) -> str | None:
    names = [found["name"] for comment in piece.comments if (found := _NAME.match(comment.text))]
    return names[-1] if names else None
