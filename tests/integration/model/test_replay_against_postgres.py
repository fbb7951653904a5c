"""What replaying a script says exists is what exists after a real Postgres ran it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from catalogue_portrait import portrait
from migsafe.model.catalogue.replay import replay
from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.postgres.catalogue import read_catalogue

if TYPE_CHECKING:
    from migsafe.shadow.server import ThrowawayServer

FIXTURES = sorted((Path(__file__).parents[3] / "fixtures" / "replay").glob("*.sql"))


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_replay_gives_the_catalogue_of_the_server(path: Path, postgres_server: ThrowawayServer) -> None:
    text = path.read_text()
    script = Script(Direction.UP, text, SourceText(path.name, text), TransactionRule.NONE, Dialect.POSTGRES)
    statements = read_script(script).statements
    database = f"replay_{path.stem}"
    postgres_server.create_database(database)
    try:
        with postgres_server.connect(database) as session:
            for statement in statements:
                session.execute(text[statement.span.start : statement.span.end])
            real = read_catalogue(session)
    finally:
        postgres_server.drop_database(database)
    replayed = replay(operation for statement in statements for operation in statement.operations)
    assert sorted(portrait(replayed)) == sorted(portrait(real))
