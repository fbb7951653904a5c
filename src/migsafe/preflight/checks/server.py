"""Whether this is the server that migrations should run on, and spoken to directly."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.preflight.case import Case
from migsafe.preflight.report import Reason, Weight

STANDBY, POOLER, VERSION = "standby", "pooler", "server-version"


def standby(case: Case) -> Iterator[Reason]:
    """Migrations run on the primary."""
    if case.live.server.standby:
        yield Reason(
            check=STANDBY,
            weight=Weight.NO_GO,
            text="this server is a standby, which only reads",
            hint="name the primary with --url, and this one with --replica",
        )


def pooler(case: Case) -> Iterator[Reason]:
    """A pooler tells clients of a process that is not the one which answers: sessions, and their locks, are shared."""
    said, answers = case.live.libpq_pid, case.live.server.backend_pid
    if said != answers:
        yield Reason(
            check=POOLER,
            weight=Weight.NO_GO,
            text=f"there is a pooler in between: it told of process {said}, and process {answers} answers",
            hint="migrations need a session of their own: name the server's own address",
        )


def version(case: Case) -> Iterator[Reason]:
    """What lint let pass for a newer server may rewrite a table on an older one."""
    wanted, real = case.wanted_major, case.live.server.major
    if wanted is not None and real < wanted:
        yield Reason(
            check=VERSION,
            weight=Weight.NO_GO,
            text=f"the server is Postgres {real}, and migrations are linted for {wanted}",
            hint=f"set server_version = {real}, and lint again",
        )
    elif wanted is not None and real > wanted:
        yield Reason(
            check=VERSION,
            weight=Weight.NOTE,
            text=f"the server is Postgres {real}; migrations are linted for {wanted}, which only makes lint stricter",
        )
