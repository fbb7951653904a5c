"""What `env.py` would set up: a connection, and an `alembic.op` and an `alembic.context` that know it."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import MetaData
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.pool import NullPool

from migsafe.sources.alembic.worker import dbapi
from migsafe.sources.alembic.worker.batch import place_batches
from migsafe.sources.alembic.worker.server import PretendedServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Dialect

    from migsafe.sources.alembic.worker.job import Job
    from migsafe.sources.alembic.worker.questions import Questions
    from migsafe.sources.alembic.worker.recording import Recording

_URLS = {
    "postgres": "postgresql://migrated@localhost/migrated",
    "mysql": "mysql://migrated@localhost/migrated",
    "sqlite": "sqlite:///:memory:",
}


class _Connector:
    """Makes connections; the first is the one that migrations run on."""

    def __init__(self, server: PretendedServer) -> None:
        self._server = server
        self._made = 0

    def __call__(self) -> dbapi.Connection:
        self._made += 1
        return dbapi.Connection(self._server, main=self._made == 1)


class Surroundings(NamedTuple):
    """Everything but the recording, the same for all revisions."""

    job: Job
    dialect: Dialect
    questions: Questions


def has_transaction(job: Job, dialect: Dialect) -> bool:
    """Whether Alembic runs migrations in a transaction."""
    if job.transactional_ddl is not None:
        return job.transactional_ddl
    from alembic.ddl.impl import DefaultImpl

    return bool(DefaultImpl.get_by_dialect(dialect).transactional_ddl)


@contextmanager
def environment(surroundings: Surroundings, recording: Recording) -> Iterator[None]:
    """Inside of it, `op` and `context` work, and what is sent is recorded while `recording.running`."""
    job = surroundings.job
    server = PretendedServer(surroundings.dialect, job.dialect, recording, surroundings.questions)
    engine = Engine(NullPool(_Connector(server)), surroundings.dialect, make_url(_URLS[job.dialect]))  # type: ignore[arg-type] # our driver's connections are less than SQLAlchemy's protocol says
    place_batches(recording)
    with ExitStack() as stack:
        connection = stack.enter_context(engine.connect())
        if not surroundings.dialect.server_version_info:
            surroundings.dialect.initialize(connection)
        context = stack.enter_context(EnvironmentContext(_config(job), None))  # type: ignore[arg-type] # no script directory: nothing here asks it
        context.configure(connection=connection, **_options(job))
        stack.enter_context(Operations.context(context.get_context()))
        # as `env.py` and `run_migrations` do: one around all, or one around each
        stack.enter_context(context.begin_transaction())
        stack.enter_context(context.get_context().begin_transaction(_per_migration=True))
        yield


def _config(job: Job) -> Config:
    config = Config()
    config.set_main_option("script_location", job.script_location.replace("%", "%%"))
    config.set_main_option("sqlalchemy.url", _URLS[job.dialect])
    return config


def _options(job: Job) -> dict[str, Any]:
    options: dict[str, Any] = {"transaction_per_migration": bool(job.transaction_per_migration)}
    if job.transactional_ddl is not None:
        options["transactional_ddl"] = job.transactional_ddl
    if job.naming_convention:
        options["target_metadata"] = MetaData(naming_convention=dict(job.naming_convention))
    return options
