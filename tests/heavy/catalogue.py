"""Is the catalogue that migsafe replays the one of a server on which the project's real upgrade has run?

    python tests/heavy/catalogue.py FOLDER [--only mlflow]

Each project is installed in an environment of its own, takes an empty throw-away Postgres to its last revision in its
own way, and what then exists is held against the replay of its revisions. They are read twice: where they are
installed, and from the wheel alone, where nothing that the project imports is there. Differences are printed by name.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from cache import Cache, Environment, cache_option
from histories import HISTORIES, Base, History
from reading import read_alembic

from catalogue_portrait import portrait
from migsafe.catalogue.following import Following
from migsafe.model.catalogue import Catalogue
from migsafe.model.catalogue.replay import apply
from migsafe.model.names import QualifiedName
from migsafe.model.operation import DropTable
from migsafe.model.script import Direction, Script, SourceText, Span, TransactionRule
from migsafe.parse import read_script
from migsafe.postgres.catalogue import read_catalogue
from migsafe.shadow.server import ThrowawayServer
from replayed_history import differences, replay

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from migsafe.model.catalogue.reader import CatalogueReader
    from migsafe.model.dialect import Dialect
    from migsafe.model.script import Migration

_SUPERUSER = "postgres"


@dataclass(frozen=True)
class Comparison:
    """One replay of a history, held against the server.

    Attributes:
        reading: from where the revisions were read.
        facts: lines of the server's portrait.
        known: lines that differ for a known reason, with it; `found` has the others.
    """

    reading: str
    revisions: int
    gaps: tuple[str, ...]
    facts: int
    found: tuple[str, ...]
    known: tuple[str, ...]


class LaterFollower(Following):
    """Follows only what runs: revisions before a beginning have left nothing here."""

    def __init__(self, catalogue: Catalogue, never_run: set[str]) -> None:
        super().__init__(catalogue, read_script)
        self._never_run = never_run

    def follow(self, script: Script) -> None:
        """Take one more script, if it is one that runs."""
        if script.path not in self._never_run:
            super().follow(script)


def compare(history: History, cache: Cache, server: ThrowawayServer) -> Iterator[Comparison]:
    """Go the history on the server, and in the replay of each reading."""
    installed = cache.environment(history.name, history.requirements)
    base = _base_sql(history, cache, installed)
    real = _upgrade(history, installed, base, server)
    facts = sum(1 for _ in portrait(real))
    for reading, packages in ("installed", installed.packages), ("wheel", cache.unpacked(history.requirements[0])):
        migrations = _revisions(history, packages / history.environment, base)
        gaps = tuple(f"{one.id}: {gap.reason}" for one in migrations if one.up is not None for gap in one.up.gaps)
        replayed = replay(migrations, _catalogue_of(base))
        wrong = list(_without_assumed(replayed, history.assumed))
        found, known = _sorted_out(differences(replayed, real), history.known)
        yield Comparison(reading, len(migrations), gaps, facts, (*wrong, *found), known)


def _sorted_out(lines: Sequence[str], known: Mapping[str, str]) -> tuple[list[str], tuple[str, ...]]:
    """The lines that nobody knows of, with those that should be there and are not; and the known ones with reasons."""
    reasons = {line: known[start] for line in lines for start in known if line.startswith(start)}
    stale = [f"differs no more: {start}" for start in known if not any(line.startswith(start) for line in lines)]
    unknown = [line for line in lines if line not in reasons]
    return unknown + stale, tuple(f"{line} ({reason})" for line, reason in reasons.items())


def _without_assumed(replayed: Catalogue, assumed: Sequence[str]) -> Iterator[str]:
    """Take tables out of a replay that it has without knowing them; what is wrong with that."""
    for name in map(QualifiedName, assumed):
        table = replayed.table(name)
        if table is None or table.complete:
            yield f"not assumed: {name}"
        apply(replayed, DropTable(span=Span(0, 0), table=name, if_exists=True, cascade=True))


def _base_sql(history: History, cache: Cache, installed: Environment) -> str:
    """The SQL of what exists before the first revision."""
    base = history.base
    if base is None:
        return ""
    home = cache.environment(f"{history.name}-base", base.requirements) if base.requirements else installed
    return home.run(Path(__file__).with_name("inside") / "create_all.py", base.models)


def _upgrade(history: History, installed: Environment, base: str, server: ThrowawayServer) -> Catalogue:
    """What exists after the project's own upgrade of a fresh database."""
    server.create_database(history.name)
    if base and _is_older(history.base):
        with server.connect(history.name) as session:
            session.execute(base)
    url = _url(server, history.name)
    with tempfile.TemporaryDirectory() as folder:
        variables = history.variables_for(url, folder)
        installed.run(*history.upgrade_of(url), environment={**os.environ, **variables})
    with server.connect(history.name) as session:
        session.execute("DROP TABLE IF EXISTS alembic_version, alembic_version_auth")
        return read_catalogue(session)


def _is_older(base: Base | None) -> bool:
    return base is not None and bool(base.requirements)


def _url(server: ThrowawayServer, database: str) -> str:
    """The address as SQLAlchemy reads it."""
    folder = quote(str(server.folder / "socket"), safe="")
    return f"postgresql+psycopg2://{_SUPERUSER}@/{quote(database)}?host={folder}"


def _revisions(history: History, environment: Path, base: str) -> Sequence[Migration]:
    """The revisions that ran, rendered over what the base has made."""

    def read(never_run: set[str]) -> Sequence[Migration]:
        def follow(_: Dialect) -> CatalogueReader:
            return LaterFollower(_catalogue_of(base), never_run)

        return read_alembic(environment, follow=follow).migrations

    everything = read(set())
    order = [migration.id for migration in everything]
    first = order.index(history.after) + 1 if history.after else 0
    last = order.index(history.upto) + 1 if history.upto else len(order)
    if first:
        everything = read({migration.path for migration in everything[:first]})
    return everything[first:last]


def _catalogue_of(sql: str) -> Catalogue:
    """What a script leaves behind in an empty database."""
    follower = Following(Catalogue())
    source = SourceText("base", sql)
    follower.follow(Script(Direction.UP, sql, source, TransactionRule.TOOL, follower.catalogue.dialect))
    return follower.catalogue


def show(history: History, one: Comparison) -> None:
    """One comparison's line, and what differs."""
    assumed = f", {len(history.assumed)} tables assumed: {', '.join(history.assumed)}" if history.assumed else ""
    figures = f"{one.revisions} revisions, {one.facts} facts, {len(one.found)} differ, {len(one.known)} known{assumed}"
    print(f"{history.name} ({one.reading}): {figures}", flush=True)
    for line in (*(f"gap in {gap}" for gap in one.gaps), *one.found, *(f"known: {line}" for line in one.known)):
        print(f"  {line}")


def main() -> int:
    """Compare; 1 when anything differs."""
    parser = argparse.ArgumentParser(description="The replayed catalogue against a server's.")
    cache_option(parser)
    parser.add_argument("--only", choices=[history.name for history in HISTORIES], nargs="+")
    options = parser.parse_args()
    failed = False
    with ThrowawayServer.start() as server:
        for history in HISTORIES:
            if not options.only or history.name in options.only:
                for comparison in compare(history, options.cache, server):
                    show(history, comparison)
                    failed |= bool(comparison.found)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
