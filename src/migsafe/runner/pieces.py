"""A script as it is run: in pieces, each of which happens as a whole or not at all. Pure.

A piece is one transaction, or one statement that Postgres refuses in a transaction. Where a script has no transaction,
each of its statements is a transaction of its own: so it can be said for certain whether it has happened.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from migsafe.errors import ExitCode, MigsafeError
from migsafe.model.operation import (
    CopyRows,
    CreateIndex,
    DropIndex,
    PsqlCommand,
    Reindex,
    RunCode,
    SetParameter,
    TransactionControl,
    Unreadable,
)
from migsafe.model.script import TransactionRule
from migsafe.rules.knowledge.transaction_block import refused_in_transaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.model.script import Script
    from migsafe.model.statement import ReadScript, Statement

_FROM_STDIN = re.compile(r"\bFROM\s+STDIN\b", re.IGNORECASE)
#: A block of code that ends transactions runs alone (manual of PostgreSQL 18, 41.8 "Transaction Management").
_ENDS_TRANSACTIONS = re.compile(r"\b(?:COMMIT|ROLLBACK)\b", re.IGNORECASE)
_INSIDE = frozenset({"savepoint", "rollback to", "release", "set transaction"})


class CannotRunError(MigsafeError):
    """A script has something that migsafe does not run."""

    exit_code = ExitCode.REFUSED


@dataclass(frozen=True, slots=True)
class Piece:
    """What happens as a whole or not at all.

    Attributes:
        n: its place, from 1.
        statements: in order.
        alone: one statement that no transaction may hold.
        settings: statements of the script's session before it, which a connection that is new must be told again.
    """

    n: int
    statements: tuple[Statement, ...]
    alone: bool = False
    settings: tuple[Statement, ...] = ()

    @property
    def opening(self) -> tuple[Statement, ...]:
        """The statements at its beginning that say what kind of transaction it is."""
        return tuple(takewhile(lambda statement: _action(statement) == "set transaction", self.statements))

    @property
    def waits_for_snapshots(self) -> bool:
        """Whether it waits for old transactions everywhere, for as long as they last, and keeps nobody waiting.

        A `lock_timeout` would cancel that wait too, and leave an invalid index. DETACH CONCURRENTLY waits for locks.
        """
        return any(
            isinstance(one, CreateIndex | DropIndex | Reindex) and one.concurrently
            for statement in self.statements
            for one in statement.operations
        )

    @property
    def sha(self) -> str:
        """What it is recognised by, so that one that is done is not taken for another one."""
        return hashlib.sha256("\n;\n".join(one.text for one in self.statements).encode()).hexdigest()

    @property
    def title(self) -> str:
        """For people: the first line of what it does."""
        first = " ".join(self.statements[0].text.split()) if self.statements else "nothing"
        more = f" … {len(self.statements) - 1} more" if len(self.statements) > 1 else ""
        return (first if len(first) <= _WIDTH else first[: _WIDTH - 1] + "…") + more


_WIDTH = 72


def pieces_of(read: ReadScript) -> tuple[Piece, ...]:
    """The pieces of a script, in their order.

    Raises:
        CannotRunError: when it has a statement that nobody could read, a command of psql, rows for COPY, a ROLLBACK of
            its own, or a placeholder that nobody has filled in.
    """
    _refuse(read)
    return tuple(_numbered(_Cutter(read).cut()))


class _Cutter:
    """Goes through a script's statements, and knows in which transaction each of them is."""

    def __init__(self, read: ReadScript) -> None:
        self._read = read
        self._rule = read.script.transaction
        self._group: list[Statement] = []
        self._open = self._is_wrapped()

    def cut(self) -> Iterator[tuple[tuple[Statement, ...], bool]]:
        """Groups of statements, and whether each is one that stands alone."""
        for statement in self._read.statements:
            action = _action(statement)
            if action == "begin":
                if not self._open:  # inside of a tool's transaction it is a warning, and nothing else
                    self._open = True
            elif action == "commit":
                yield from self._flush()
                # What comes after a COMMIT is another implicit transaction; a tool wraps a script once.
                self._open = self._rule is TransactionRule.IMPLICIT
            elif self._open:
                self._group.append(statement)
            else:
                yield (statement,), _is_alone(statement)
        yield from self._flush()

    def _flush(self) -> Iterator[tuple[tuple[Statement, ...], bool]]:
        if self._group:
            yield tuple(self._group), False
            self._group = []

    def _is_wrapped(self) -> bool:
        match self._rule:
            case TransactionRule.TOOL:
                return True
            case TransactionRule.NONE:
                return False
            case TransactionRule.IMPLICIT:
                return len(self._read.statements) > 1
            case TransactionRule.UNLESS_FORBIDDEN:
                return not any(map(_is_alone, self._read.statements))


def _numbered(groups: Iterator[tuple[tuple[Statement, ...], bool]]) -> Iterator[Piece]:
    """Pieces with their places; settings of the session are no pieces: they are told again to every connection."""
    n = 0
    settings: list[Statement] = []
    for statements, alone in groups:
        if len(statements) == 1 and _is_setting(statements[0]):
            settings.append(statements[0])
            continue
        n += 1
        yield Piece(n, statements, alone, tuple(settings))


def what_is_unknown(script: Script) -> str | None:
    """The first place of a script of which nobody knows what the server would get, with the reason; None without."""
    if script.placeholders:
        return f"{script.path}:{script.position(script.placeholders[0].start).line}: a placeholder has no value"
    if script.gaps:
        return f"{script.path}:{script.position(script.gaps[0].span.start).line}: {script.gaps[0].reason}"
    return None


def _refuse(read: ReadScript) -> None:
    unknown = what_is_unknown(read.script)
    if unknown is not None and read.script.placeholders:
        raise CannotRunError(unknown, hint="--placeholder NAME=VALUE, or placeholders in the configuration")
    if unknown is not None:
        raise CannotRunError(f"{unknown}: nobody knows what would run")
    for statement in read.statements:
        if (reason := _reason_against(statement)) is not None:
            place = read.script.position(statement.span.start)
            raise CannotRunError(
                f"{read.script.path}:{place.line}: {reason}",
                hint="let the project's own tool run it, then migsafe record says so",
            )


def _reason_against(statement: Statement) -> str | None:
    for operation in statement.operations:
        if isinstance(operation, PsqlCommand):
            return f"\\{operation.command.lstrip(chr(92))} is a command of psql, which no server understands"
        if isinstance(operation, Unreadable):
            return f"a statement was not understood ({operation.reason})"
        if isinstance(operation, CopyRows) and _FROM_STDIN.search(statement.text):
            return "COPY … FROM STDIN has its rows in the script"
        if isinstance(operation, TransactionControl) and operation.action not in _INSIDE | {"begin", "commit"}:
            return f"{operation.action.upper()} ends a transaction that migsafe has to end by itself"
    return None


def _action(statement: Statement) -> str | None:
    return next((one.action for one in statement.operations if isinstance(one, TransactionControl)), None)


def _is_alone(statement: Statement) -> bool:
    return any(refused_in_transaction(one) is not None for one in statement.operations) or _ends_transactions(statement)


def _ends_transactions(statement: Statement) -> bool:
    return any(
        isinstance(one, RunCode) and one.form in {"do", "call"} and bool(_ENDS_TRANSACTIONS.search(one.body or ""))
        for one in statement.operations
    )


def _is_setting(statement: Statement) -> bool:
    return bool(statement.operations) and all(
        isinstance(one, SetParameter) and not one.local for one in statement.operations
    )


def settings_text(statements: Sequence[Statement]) -> str:
    """Settings of a session as one script."""
    return ";\n".join(one.text for one in statements)
