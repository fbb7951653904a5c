"""Finds a pooler between migsafe and the server: behind one, a session's locks and settings are somebody else's.

A pooler tells its clients of a process of its own making, for cancelling; the server says which process answers
(manual of PostgreSQL 18, 54.2.8 "Canceling Requests in Progress"; PgBouncer, pgcat, Odyssey, Supavisor, RDS Proxy).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.errors import ExitCode, MigsafeError

if TYPE_CHECKING:
    from migsafe.postgres.connection import Session

#: A pooler gives each transaction to whichever connection is free: several may answer.
_QUESTIONS = 3
#: Ports at which poolers listen, and who does.
_PORTS = {"6432": "PgBouncer's port", "6543": "the pooler's port at Supabase"}


class PoolerError(MigsafeError):
    """There is a pooler between migsafe and the server."""

    exit_code = ExitCode.REFUSED


def answering_pids(session: Session) -> frozenset[int]:
    """The processes of the server that answer on a connection; one, where it is the server's own.

    Args:
        session: best one in autocommit: in a transaction, always the same process answers.

    Raises:
        StatementFailedError: when the server refuses, or the connection is lost.
    """
    return frozenset(session.query("select pg_backend_pid()")[0][0] for _ in range(_QUESTIONS))


def refuse_pooler(session: Session) -> None:
    """Make sure that a session is one of the server's own.

    Raises:
        PoolerError: when somebody stands in between.
        StatementFailedError: when the server refuses, or the connection is lost.
    """
    told, answering = session.backend_pid, answering_pids(session)
    if answering != {told}:
        who = " and ".join(map(str, sorted(answering)))
        address = session.address
        raise PoolerError(
            f"there is a pooler in between: it told of process {told}, and process {who} "
            f"answer{'s' if len(answering) == 1 else ''}; a lock taken through it would be on somebody else's session",
            hint=way_round(address.get("host", ""), address.get("port", "")),
        )


def way_round(host: str, port: str) -> str:
    """What to do about the pooler at an address, for people."""
    first, dot, rest = host.partition(".")
    if first.endswith("-pooler"):
        return f"name the server's own address: {first.removesuffix('-pooler')}{dot}{rest}"
    if port in _PORTS:
        return f"name the server's own address: {port} is {_PORTS[port]}, the server's is 5432 as a rule"
    return "name the server's own address in --url, not the pooler's"
