"""Killed anywhere on its way back, and given again: in the end the database is the same, and nothing is done twice."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from migsafe.postgres.connection import connect
from run_forks import forks

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.shadow.server import ThrowawayServer
    from run_forks import Ended, Forks

pytestmark = [
    pytest.mark.server,
    pytest.mark.endurance,
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="it needs fork and SIGKILL"),
]

UP = """
CREATE TABLE users (id int PRIMARY KEY, name text);
"""
MIGRATIONS = {
    "00001_users.sql": ("phase=expand", UP, "DROP TABLE users;"),
    "00002_age.sql": ("phase=expand", "ALTER TABLE users ADD age int;", "ALTER TABLE users DROP age;"),
    "00003_index.sql": (
        "phase=expand",
        "CREATE INDEX CONCURRENTLY users_name ON users (name);",
        "DROP INDEX CONCURRENTLY users_name;",
    ),
}
FACTS = (
    "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'i') "
    "order by 1",
    "select attname::text from pg_attribute where attrelid = 'users'::regclass and attnum > 0 and not attisdropped "
    "order by 1",
    "select version_id from goose_db_version order by id",
    "select migration, status from migsafe.migsafe_step s, lateral (select status from migsafe.migsafe_run r "
    "where r.step_id = s.step_id order by attempt desc limit 1) r order by 1",
    "select released_at is not null from migsafe.migsafe_lease",
)
#: Every so many points one is tried: all of them would take minutes.
_STRIDE = 17


class Place:
    """A project whose database is made anew from the same template, under the same name."""

    def __init__(self, folder: Path, server: ThrowawayServer, forked: Forks) -> None:
        self._folder = folder
        self._server = server
        self._forks = forked
        (folder / "db").mkdir(parents=True)
        for name, (header, up, down) in MIGRATIONS.items():
            alone = "-- +goose NO TRANSACTION\n" if "CONCURRENTLY" in up else ""
            release = "1.0" if name.startswith("00001") else "1.1"
            text = f"{alone}-- +goose Up\n-- migsafe: {header} release={release}\n{up}\n-- +goose Down\n{down}\n"
            (folder / "db" / name).write_text(text, encoding="utf-8")
        (folder / "migsafe.toml").write_text('paths = ["db"]\n', encoding="utf-8")
        server.create_database("going_back")
        self._furnish()
        server.create_database("going_back_template", "going_back")

    def anew(self) -> None:
        self._server.drop_database("going_back")
        self._server.create_database("going_back", "going_back_template")

    def back(self, kill_at: int | None = None) -> Ended:
        where = ("--env", "staging", "--url", "env:SHOP", "--wait-for-turn", "60")
        return self._migsafe("backward", "--to", "1.0", *where, kill_at=kill_at)

    def facts(self) -> list[list[tuple[object, ...]]]:
        with connect(self._server.dsn("going_back"), autocommit=True) as session:
            return [session.query(question) for question in FACTS]

    def close(self) -> None:
        self._server.drop_database("going_back")
        self._server.drop_database("going_back_template")

    def _furnish(self) -> None:
        self._must("tracker", "upgrade")
        for release in ("1.0", "1.1"):
            planned = ("--env", "staging", "--status", "planned", "--create", "--create-env")
            self._must("release", "mark", release, *planned)
        self._must("run", "expand", "--release", "1.1", "--env", "staging", "--url", "env:SHOP", "--create-env",
                   "--accept", "a test")  # fmt: skip
        self._must("release", "mark", "1.0", "--env", "staging", "--status", "deployed")

    def _must(self, *words: str) -> None:
        ended = self._migsafe(*words)
        assert ended.code == 0, ended.output

    def _migsafe(self, *words: str, kill_at: int | None = None) -> Ended:
        variables = {"SHOP": self._server.dsn("going_back")}
        return self._forks.run([*words, "--tracker", "env:SHOP"], self._folder, variables, kill_at=kill_at)


def test_killed_anywhere_it_goes_on(tmp_path: Path, postgres_server: ThrowawayServer) -> None:
    with forks(tmp_path / "forks") as forked:
        place = Place(tmp_path / "shop", postgres_server, forked)
        try:
            undisturbed = place.back()
            assert undisturbed.code == 0, undisturbed.output
            wanted = place.facts()
            assert wanted[0] == [("goose_db_version",), ("goose_db_version_pkey",), ("users",), ("users_pkey",)]
            for point in range(1, undisturbed.points + 1, _STRIDE):
                place.anew()
                assert place.back(kill_at=point).code is None
                again = place.back()
                assert again.code == 0, f"killed at {point}: {again.output}"
                assert place.facts() == wanted, f"killed at {point}"
        finally:
            place.close()
