"""Replaying a project's whole history gives the catalogue of a server that ran it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from migsafe.model.script import TransactionRule
from migsafe.parse import read_script
from migsafe.postgres.catalogue import read_catalogue
from migsafe.sources import SourceOptions, read_paths
from replayed_history import differences, replay
from shared_corpus import CORPUS, PLACEHOLDERS, POSTGRES_PROJECTS, needs_corpus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migsafe.model.script import Migration
    from migsafe.postgres.connection import Session
    from migsafe.shadow.server import ThrowawayServer

pytestmark = [pytest.mark.corpus, needs_corpus]


@dataclass(frozen=True)
class Known:
    """What differs for a reason.

    Attributes:
        setup: what the project expects to be there before its first migration.
        lines: beginnings of lines that only one side has, each with the reason.
    """

    setup: str = ""
    lines: dict[str, str] = field(default_factory=dict)


PROJECTS = {
    "crates.io": Known(
        lines={
            # Arguments keep the spelling of the SQL.
            "only real: function public.random_string('integer',)": "int4 is integer",
            "only replayed: function public.random_string('int4',)": "int4 is integer",
        }
    ),
    "langfuse": Known(),
    "supabase-auth": Known(
        # The project's own connection has its schema on the search path.
        setup="CREATE SCHEMA auth; CREATE ROLE authenticated; SET search_path = auth, public;",
        lines={
            # A type change writes DEFAULT NULL anew as NULL::character varying, which the server then counts as one.
            "only real: column auth.users.phone text nullable=True default=True": "DEFAULT NULL, cast",
            "only replayed: column auth.users.phone text nullable=True default=False": "DEFAULT NULL, cast",
            # A DO block drops one index if there are two, and renames it else; a replay takes every branch.
            "only real: index auth.unique_phone_factor_per_user": "a branch of a DO block",
        },
    ),
}


@pytest.mark.parametrize("name", PROJECTS)
def test_the_replayed_catalogue_is_the_server_s(name: str, postgres_server: ThrowawayServer) -> None:
    known = PROJECTS[name]
    options = SourceOptions(placeholders=PLACEHOLDERS.get(name, {}))
    (layout,) = read_paths([CORPUS / POSTGRES_PROJECTS[name]], options)
    database = f"corpus_{name.replace('.', '_').replace('-', '_')}"
    postgres_server.create_database(database)
    try:
        with postgres_server.connect(database) as session:
            session.execute(known.setup)
            _run(layout.migrations.migrations, session)
            real = read_catalogue(session)
    finally:
        postgres_server.drop_database(database)
    found = differences(replay(layout.migrations.migrations), real, known.lines)
    assert not found, "\n".join(found)


def _run(migrations: Iterable[Migration], session: Session) -> None:
    for migration in migrations:
        script = migration.up
        if script is None:
            continue
        try:
            if script.transaction is TransactionRule.NONE:
                for statement in read_script(script).statements:
                    session.execute(statement.text)
            else:
                session.execute(script.text)
        except Exception as error:
            error.add_note(migration.id)
            raise
