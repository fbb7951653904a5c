"""Whether the role sees what it is asked about."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.preflight.case import Case, session
from migsafe.preflight.report import Reason, Weight
from migsafe.preflight.words import counted

NAME = "visibility"


def check(case: Case) -> Iterator[Reason]:
    """A role that sees `<insufficient privilege>` sees neither ages nor queries: that is never a go."""
    hidden = tuple(session(one) for one in case.live.backends if one.hidden)
    role = case.live.server.role
    if not case.live.role.sees_all:
        yield Reason(
            check=NAME,
            weight=Weight.UNKNOWN,
            text=f"{role} may not see what other sessions do ({counted(len(hidden), 'session')} hidden)",
            hint=f"GRANT pg_read_all_stats TO {role}, or pg_monitor, which holds it",
            culprits=hidden,
        )
    elif hidden:
        yield Reason(
            check=NAME,
            weight=Weight.UNKNOWN,
            text=f"{counted(len(hidden), 'session')} of this database may not be looked into",
            hint="the provider's own sessions, or track_activities = off",
            passing=True,
            culprits=hidden,
        )
