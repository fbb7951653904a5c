"""What may be said about a run that needs a server: values only, so that naming them costs nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

#: How many jobs there may be: each has up to three sessions at once, and more wait for Python and not for the server.
MOST_JOBS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerChoice:
    """What was said about the server.

    Attributes:
        url: a server that runs: `env:NAME`, a service, or an address without a password.
        bin_dir: the folder of Postgres' programs.
        major: the major version that is wanted; one that is there is preferred, and none is no error.
    """

    url: str | None = None
    bin_dir: Path | None = None
    major: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What `verify` is to prove besides that migrations apply and come back.

    Attributes:
        queries: files and folders with queries of the release that runs; it must survive the migrations.
        generate_queries: also queries that any code on the earlier schema would run.
        setup: a file of SQL that is run first on each database.
        rows: tables that a migration touches get a few generated rows.
        jobs: how many parts of a history are proved at the same time; None: as many as pay.
        with_alembic: run a project's real Alembic with its `env.py`, instead of the SQL that is rendered from it.
        url_variables: environment variables from which that `env.py` takes the address of its database.
    """

    queries: tuple[Path, ...] = ()
    generate_queries: bool = False
    setup: Path | None = None
    rows: bool = True
    jobs: int | None = None
    with_alembic: bool = False
    url_variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftOptions:
    """What migrations are held against, and how.

    Attributes:
        url: a database: `env:NAME`, a service, or an address without a password. It is only read.
        models: what declares SQLAlchemy models, each `package.module:Base`.
        static: compare what replaying the migrations shows, without a server of one's own.
        ignore: patterns (`audit.*`, `tmp_*`) of names that are left out.
        server: which server applies the migrations.
    """

    url: str | None = None
    models: tuple[str, ...] = ()
    static: bool = False
    ignore: tuple[str, ...] = ()
    server: ServerChoice = field(default_factory=ServerChoice)
