"""One statement → its operations: looks at the first words, and hands over to the reader of that kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from migsafe.model.operation import CreateSchema, ObjectKind, Operation, OtherStatement, PsqlCommand, Unreadable
from migsafe.model.script import Span
from migsafe.parse import dml
from migsafe.parse.cursor import PLACEHOLDER, Cursor, Stuck
from migsafe.parse.postgres import access, code, create_other, session
from migsafe.parse.postgres.alter import alter
from migsafe.parse.postgres.alter_table import read_cluster
from migsafe.parse.postgres.create_index import create_index
from migsafe.parse.postgres.create_table import create_table, take_persistence
from migsafe.parse.postgres.drop import drop, truncate
from migsafe.parse.postgres.lexing import cursor_on
from migsafe.parse.postgres.objects import CODE_KINDS, expect_kind
from migsafe.parse.split import Piece, PieceKind, split

_Reader = Callable[[Cursor, Span], list[Operation]]


def read_piece(text: str, piece: Piece, templates: Sequence[Span] = ()) -> tuple[Operation, ...]:
    """What a piece of a script does. Never raises: what cannot be read is `Unreadable`, with place and reason."""
    if piece.kind is PieceKind.PSQL:
        return (PsqlCommand(span=piece.span, command=text[slice(*piece.span)]),)
    if piece.kind is PieceKind.UNTERMINATED:
        return (Unreadable(span=piece.span, reason=f"a {piece.problem} is never closed"),)
    return read_statement(text, piece.span, templates)


def read_statement(text: str, span: Span, templates: Sequence[Span] = ()) -> tuple[Operation, ...]:
    """The operations of the statement in `span`. Never raises."""
    try:
        cursor = cursor_on(text, span, templates)
    except Stuck as stuck:
        return (Unreadable(span=span, reason=stuck.reason),)
    try:
        return tuple(read_at(cursor, span, templates))
    except Stuck as stuck:
        return (Unreadable(span=stuck.span, reason=_reason(stuck, cursor)),)
    except RecursionError:
        return (Unreadable(span=span, reason="it is nested too deeply"),)


def _reason(stuck: Stuck, cursor: Cursor) -> str:
    if "placeholder" in stuck.reason:
        return stuck.reason
    held = next((token for token in cursor.tokens if token.kind == PLACEHOLDER), None)
    return stuck.reason if held is None else f"{stuck.reason}; it holds the template placeholder {held.text!r}"


def read_text(text: str, span: Span, templates: Sequence[Span] = ()) -> Iterator[Operation]:
    """The operations of all statements in a part of a script: SQL inside of a string."""
    for piece in split(text[slice(*span)]).pieces:
        moved = Span(piece.span.start + span.start, piece.span.end + span.start)
        yield from read_piece(text, Piece(moved, piece.kind, problem=piece.problem), templates)


def read_at(cursor: Cursor, span: Span, templates: Sequence[Span] = (), *, in_code: bool = False) -> list[Operation]:
    """Read one statement to its last token.

    Args:
        in_code: inside PL/pgSQL, where EXECUTE and SELECT INTO mean something else.

    Raises:
        Stuck: at the first token that is not understood.
    """
    word = cursor.word()
    if word == "DO":
        cursor.next()
        operations = code.run_block(cursor, span, templates)
    elif word == "PREPARE" and cursor.word(1) == "TRANSACTION":
        operations = session.transaction(cursor, span)
    elif word in dml.HEADS or word == "(":
        operations = dml.read_dml(cursor, span, in_code=in_code)
    elif word in _TRANSACTIONS:
        operations = session.transaction(cursor, span)
    else:
        read = _HEADS.get(word)
        if read is None:
            cursor.stuck("a statement")
        cursor.next()
        operations = read(cursor, span)
    cursor.finish()
    return operations


# -- CREATE ----------------------------------------------------------------------------------------------------------


def _create(cursor: Cursor, span: Span) -> list[Operation]:
    or_replace = cursor.take("OR", "REPLACE")
    if cursor.word() in ("UNIQUE", "INDEX"):
        return create_index(cursor, span)
    persistence = take_persistence(cursor)
    if cursor.take("TABLE"):
        return create_table(cursor, span, persistence)
    if cursor.word() in ("VIEW", "RECURSIVE", "MATERIALIZED"):
        return create_other.create_view(cursor, span, or_replace=or_replace, temporary=persistence.temporary)
    if cursor.take("SEQUENCE"):
        return create_other.create_sequence(cursor, span, temporary=persistence.temporary)
    if cursor.take("FOREIGN", "TABLE"):
        return create_table(cursor, span, persistence, foreign=True)
    if cursor.sees("TRIGGER") or cursor.sees("CONSTRAINT", "TRIGGER"):
        return code.create_trigger(cursor, span, or_replace=or_replace)
    return _create_object(cursor, span, or_replace=or_replace)


def _create_object(cursor: Cursor, span: Span, *, or_replace: bool) -> list[Operation]:
    kind, words = expect_kind(cursor)
    if kind in CODE_KINDS and kind is not ObjectKind.AGGREGATE:
        procedure = kind is ObjectKind.PROCEDURE
        return code.create_function(cursor, span, or_replace=or_replace, procedure=procedure)
    if kind is ObjectKind.RULE:
        return code.create_rule(cursor, span, or_replace=or_replace)
    if kind is ObjectKind.SCHEMA:
        return _create_schema(cursor, span)
    read = _CREATED.get(kind)
    if read is not None:
        return read(cursor, span)
    if words == "language" and cursor.at + 1 == cursor.stop:
        # "interpreted as CREATE EXTENSION" since Postgres 13 (manual, CREATE LANGUAGE).
        return create_other.create_extension(cursor, span)
    return create_other.create_known(cursor, span, words, kind)


_CREATED: dict[ObjectKind, _Reader] = {
    ObjectKind.TYPE: create_other.create_type,
    ObjectKind.DOMAIN: create_other.create_domain,
    ObjectKind.EXTENSION: create_other.create_extension,
    ObjectKind.PUBLICATION: create_other.create_publication,
    ObjectKind.DATABASE: create_other.create_database,
    ObjectKind.ROLE: create_other.create_role,
    ObjectKind.POLICY: access.create_policy,
}
_ELEMENT_HEADS = frozenset({"CREATE", "GRANT"})


def _create_schema(cursor: Cursor, span: Span) -> list[Operation]:
    """`CREATE SCHEMA name AUTHORIZATION role CREATE TABLE … CREATE VIEW … GRANT …`."""
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    name = "" if cursor.word() == "AUTHORIZATION" else cursor.identifier()
    if cursor.take("AUTHORIZATION"):
        role = cursor.identifier()
        name = name or role
    operations: list[Operation] = [CreateSchema(span=span, schema=name, if_not_exists=if_not_exists)]
    while cursor.word() in _ELEMENT_HEADS:
        element = cursor.until(lambda: cursor.word() in _ELEMENT_HEADS, commas=False)
        operations.extend(read_at(element, element.span))
    return operations


# -- what is known and has no hazard of its own ----------------------------------------------------------------------


def _known(command: str) -> _Reader:
    """A statement of which only the first words matter."""

    def read(cursor: Cursor, span: Span) -> list[Operation]:
        cursor.rest()
        return [OtherStatement(span=span, command=command)]

    return read


def _explain(cursor: Cursor, span: Span) -> list[Operation]:
    """EXPLAIN runs its statement with ANALYZE only."""
    runs = False
    if cursor.word() == "(":
        inside = cursor.group()
        runs = any(inside.words[at] in ("ANALYZE", "ANALYSE") for at in range(inside.at, inside.stop))
    while word := cursor.take_any("ANALYZE", "ANALYSE", "VERBOSE"):
        runs = runs or word != "VERBOSE"
    if runs:
        return read_at(cursor, span)
    cursor.rest()
    return [OtherStatement(span=span, command="explain")]


def _import(cursor: Cursor, span: Span) -> list[Operation]:
    cursor.expect("FOREIGN", "SCHEMA")
    cursor.identifier()
    cursor.rest()
    return [OtherStatement(span=span, command="import foreign schema")]


_TRANSACTIONS = frozenset({"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"})
_HEADS: dict[str, _Reader] = {
    "ALTER": alter,
    "CREATE": _create,
    "DROP": drop,
    "TRUNCATE": truncate,
    "COMMENT": create_other.comment_on,
    "SECURITY": create_other.security_label,
    "GRANT": access.grant,
    "REVOKE": access.revoke,
    "SET": session.set_parameter,
    "RESET": session.reset_parameter,
    "DISCARD": session.discard,
    "LOCK": session.lock_table,
    "VACUUM": session.vacuum,
    "ANALYZE": session.analyze,
    "ANALYSE": session.analyze,
    "REINDEX": session.reindex,
    "REFRESH": session.refresh,
    "CLUSTER": read_cluster,
    "COPY": session.copy,
    "CALL": code.call,
    "EXECUTE": code.execute,
    "EXPLAIN": _explain,
    "IMPORT": _import,
    **{
        word: _known(word.lower())
        for word in (
            "PREPARE", "DEALLOCATE", "NOTIFY", "LISTEN", "UNLISTEN", "CHECKPOINT", "REASSIGN", "FETCH", "MOVE", "CLOSE",
            "DECLARE", "SHOW", "LOAD",
        )
    },
}  # fmt: skip
