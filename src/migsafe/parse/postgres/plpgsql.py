"""The body of a DO block → the statements in it that touch the database, with their places in the script.

No interpreter: control words are stepped over, branches are all read, and what is put together at run time is said
to be opaque.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migsafe.model.operation import Delete, Insert, OpaqueCode, Operation, Unreadable, Update
from migsafe.model.script import Span
from migsafe.parse.cursor import STRING, WORD, Cursor, Stuck
from migsafe.parse.postgres.lexing import cursor_on

if TYPE_CHECKING:
    from collections.abc import Sequence

_CONTROL = frozenset({"IF", "ELSIF", "ELSEIF", "ELSE", "LOOP", "WHILE", "FOR", "FOREACH", "CASE", "WHEN", "EXCEPTION"})
_SILENT = frozenset(
    {"RAISE", "RETURN", "NULL", "EXIT", "CONTINUE", "ASSERT", "OPEN", "CLOSE", "FETCH", "MOVE", "GET", "END", "COMMIT",
     "ROLLBACK"}
)  # fmt: skip
_QUERIES = frozenset({"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "VALUES"})
_DYNAMIC = re.compile(r"%(?:\d+\$)?[-]?\d*[sIL]")


@dataclass(slots=True)
class Block:
    """What could be read of a body, and what could not."""

    operations: list[Operation] = field(default_factory=list)
    opaque: list[OpaqueCode] = field(default_factory=list)
    conditional: bool = False


def read_block(text: str, span: Span, templates: Sequence[Span] = ()) -> Block:
    """Read the body of a block. Never raises: a body that cannot be cut into tokens is opaque.

    Args:
        text: the script.
        span: of the body, without its quotes.
    """
    block = Block()
    try:
        cursor = cursor_on(text, span, templates)
    except Stuck as stuck:
        block.opaque.append(OpaqueCode(span, stuck.reason))
        return block
    _Reader(cursor, block, templates).read()
    return block


@dataclass(slots=True)
class _Loop:
    """A loop that is open: which operation is the first in it, and whether it commits each time."""

    first: int
    commits: bool = False


@dataclass(slots=True)
class _Reader:
    cursor: Cursor
    block: Block
    templates: Sequence[Span]
    loops: list[_Loop] = field(default_factory=list)

    def read(self) -> None:
        cursor = self.cursor
        while not cursor.at_end:
            if cursor.take(";"):
                continue
            start = cursor.at
            try:
                self._step()
            except Stuck as stuck:
                cursor.at = max(cursor.at, start)
                statement = self._statement(start)
                self.block.opaque.append(OpaqueCode(statement.span, stuck.reason))
            if cursor.at == start:
                cursor.next()

    def _step(self) -> None:
        """Deal with one control word, or one statement."""
        cursor = self.cursor
        word = cursor.word()
        if cursor.take("<", "<") or cursor.take("<<"):
            _ = cursor.identifier(), cursor.take(">>") or cursor.take(">", ">")
        elif word == "DECLARE":
            self._declarations()
        elif word == "BEGIN" or word == "ELSE":
            cursor.next()
        elif word == "LOOP":
            self._conditional()
            self.loops.append(_Loop(len(self.block.operations)))
            cursor.next()
        elif word in ("FOR", "FOREACH"):
            self._loop()
            self.loops.append(_Loop(len(self.block.operations)))
        elif word in _CONTROL:
            self._condition()
            if word == "WHILE":
                self.loops.append(_Loop(len(self.block.operations)))
        elif word in _SILENT:
            self._silent(word)
        elif word == "PERFORM":
            self._perform()
        elif word == "EXECUTE":
            self._execute(cursor.at)
        elif self._is_assignment():
            self._assignment()
        else:
            self._sql(self._statement(cursor.at))

    def _silent(self, word: str) -> None:
        """A statement that touches no row; COMMIT and END LOOP say how those before them run."""
        if self.loops and word == "COMMIT":
            self.loops[-1].commits = True
        elif self.loops and word == "END" and self.cursor.word(1) == "LOOP":
            self._leave(self.loops.pop())
        self._statement(self.cursor.at)

    def _leave(self, loop: _Loop) -> None:
        """What a loop writes between two commits is as many rows as whoever wrote the loop wants it to be."""
        if loop.commits:
            inside = self.block.operations[loop.first :]
            self.block.operations[loop.first :] = [
                replace(one, bounded=True) if isinstance(one, Insert | Update | Delete) else one for one in inside
            ]

    def _conditional(self) -> None:
        self.block.conditional = True

    def _statement(self, start: int) -> Cursor:
        """Move to the `;` that ends this statement; returns what was passed, from token `start` on."""
        cursor = self.cursor
        depth = 0
        while not cursor.at_end and not (depth == 0 and cursor.word() == ";"):
            depth += {"(": 1, ")": -1}.get(cursor.word(), 0)
            cursor.at += 1
        return cursor.part(start, cursor.at)

    def _declarations(self) -> None:
        """Step over DECLARE; its defaults may run queries, which a BEGIN inside never follows."""
        while not self.cursor.at_end and self.cursor.word() != "BEGIN":
            self.cursor.next()

    def _condition(self) -> None:
        """IF … THEN, WHILE … LOOP, CASE … WHEN … THEN, EXCEPTION WHEN … THEN."""
        cursor = self.cursor
        self._conditional()
        word = cursor.next().word
        if word == "EXCEPTION":
            return
        ends = {"WHILE": ("LOOP",), "CASE": ("WHEN",)}.get(word, ("THEN",))
        condition = cursor.part(cursor.at, cursor.stop)
        while not cursor.at_end and cursor.word() not in (*ends, ";"):
            if cursor.word() == "(":
                cursor.group()
            elif cursor.word() == "CASE":
                cursor.next()
                cursor.until(lambda: cursor.word() == "END", commas=False)
                cursor.next()
            else:
                cursor.next()
        condition.stop = cursor.at
        if word != "CASE":
            cursor.take(*ends)

    def _loop(self) -> None:
        """`FOR x IN query LOOP`: the query reads, and may write."""
        cursor = self.cursor
        self._conditional()
        start = cursor.at
        while not cursor.at_end and cursor.word() not in ("LOOP", ";"):
            cursor.next()
        header = cursor.part(start, cursor.at)
        cursor.take("LOOP")
        while not header.at_end and header.word() != "IN":
            header.next()
        header.take("IN")
        if header.word() == "EXECUTE":
            self._dynamic(header)
        elif header.word() in _QUERIES or (header.word() == "(" and header.word(1) in _QUERIES):
            self._sql(header)

    def _perform(self) -> None:
        """`PERFORM f(…)` is `SELECT f(…)` whose result nobody wants."""
        cursor = self.cursor
        start = cursor.at
        statement = self._statement(start)
        tokens = list(statement.tokens)
        tokens[start] = tokens[start]._replace(word="SELECT", text="SELECT")
        as_query = Cursor(statement.text, tokens, start, statement.stop)
        self._sql(as_query)

    def _is_assignment(self) -> bool:
        """`name := …`, `name.field = …`, `name[1] := …`."""
        probe = self.cursor.part(self.cursor.at, self.cursor.stop)
        if not probe.sees_name():
            return False
        probe.next()
        while probe.word() in (".", "["):
            if probe.next().word == ".":
                probe.next()
            else:
                while not probe.at_end and probe.next().word != "]":
                    pass
        return probe.word() in (":=", "=") or probe.sees(":", "=")

    def _assignment(self) -> None:
        """The value may be a query in parentheses; functions that it calls are not followed."""
        self._statement(self.cursor.at)

    def _sql(self, statement: Cursor) -> None:
        from migsafe.parse.postgres.statements import read_at

        span = statement.span
        try:
            self.block.operations.extend(read_at(_without_into(statement), span, self.templates, in_code=True))
        except Stuck as stuck:
            self.block.opaque.append(OpaqueCode(span, stuck.reason))

    # -- EXECUTE -----------------------------------------------------------------------------------------------------

    def _execute(self, start: int) -> None:
        self._dynamic(self._statement(start))

    def _dynamic(self, statement: Cursor) -> None:
        """`EXECUTE 'literal' [INTO …] [USING …]`, and `EXECUTE format('literal')`."""
        span = statement.span
        statement.expect("EXECUTE")
        command = statement.until(lambda: statement.word() in ("INTO", "USING"), commas=False)
        literal = _literal(command)
        if literal is None:
            self.block.opaque.append(OpaqueCode(span, "EXECUTE of a text that is put together at run time"))
            return
        self._literal(literal, span)

    def _literal(self, literal: Cursor, span: Span) -> None:
        from migsafe.parse.postgres.code import body_span
        from migsafe.parse.postgres.statements import read_text

        token = literal.tokens[literal.at]
        inside = body_span(literal.text, Span(token.start, token.end))
        if inside is not None:
            operations = list(read_text(literal.text, inside, self.templates))
        else:
            operations = [_moved(operation, span) for operation in read_text(token.text, Span(0, len(token.text)), ())]
        for operation in operations:
            if isinstance(operation, Unreadable):
                self.block.opaque.append(OpaqueCode(operation.span, operation.reason))
            else:
                self.block.operations.append(operation)


def _without_into(statement: Cursor) -> Cursor:
    """The statement without `INTO [STRICT] variable, …`, which no other reader knows."""
    if statement.word() not in ("SELECT", "WITH", "UPDATE", "DELETE", "INSERT"):
        return statement
    first = statement.at + (2 if statement.word() == "INSERT" else 1)
    depth = 0
    for at in range(first, statement.stop):
        word = statement.words[at]
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth == 0 and word == "INTO" and statement.words[at - 1] not in ("INSERT", "MERGE"):
            return _cut(statement, at)
    return statement


def _cut(statement: Cursor, at: int) -> Cursor:
    tail = statement.part(at + 1, statement.stop)
    tail.take("STRICT")
    while tail.sees_name():
        tail.qualified_name()
        while tail.take("["):
            while not tail.at_end and tail.next().word != "]":
                pass
        if not tail.take(","):
            break
    tokens = [*statement.tokens[statement.at : at], *statement.tokens[tail.at : statement.stop]]
    return type(statement)(statement.text, tokens)


def _literal(command: Cursor) -> Cursor | None:
    """A cursor on the one string that is the whole command; None where there is more to it."""
    if command.kind() == WORD and command.sees("FORMAT", "("):
        command.next()
        arguments = list(command.group().items())
        plain = len(arguments) == 1 and command.at_end and arguments[0].kind() == STRING
        if not plain or _DYNAMIC.search(arguments[0].tokens[arguments[0].at].text):
            return None
        command = arguments[0]
    if command.kind() != STRING or command.stop - command.at != 1:
        return None
    return command


def _moved(operation: Operation, span: Span) -> Operation:
    return replace(operation, span=span)
