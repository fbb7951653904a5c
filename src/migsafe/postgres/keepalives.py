"""When a server counts as gone that does not answer: half a minute, and not the two hours that a system waits."""

from __future__ import annotations

#: 10 s of silence, then 3 questions 5 s apart; ignored on a Unix socket (manual of libpq, 32.1.2).
_KEEPALIVES = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}


def with_keepalives(dsn: str) -> str:
    """An address with which a machine that has vanished is noticed; what the address itself says of it stands."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    try:
        said = conninfo_to_dict(dsn)
    except ProgrammingError:
        return dsn  # `connect` says so, without the password
    return make_conninfo(dsn, **{name: value for name, value in _KEEPALIVES.items() if name not in said})
