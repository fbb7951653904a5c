"""The shop of `fixtures/runs/shop` on a database of its own: commands, kills, and what it looks like in the end."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.postgres.connection import connect

if TYPE_CHECKING:
    from run_forks import Ended, Forks

SHOP = Path(__file__).parents[1] / "fixtures" / "runs" / "shop"

#: What nobody may see twice, and everybody must see once.
_FACTS = (
    "select to_jsonb(orders) from public.orders order by id",
    "select what from public.journal order by id",
    "select version_id, is_applied from public.goose_db_version order by id",
    "select indexrelid::regclass::text, indisvalid, indisready from pg_index "
    "where indrelid = 'public.orders'::regclass order by 1",
    "select attname::text, atttypid::regtype::text from pg_attribute "
    "where attrelid = 'public.orders'::regclass and attnum > 0 and not attisdropped order by 1",
)


@dataclass
class Shop:
    """A copy of the shop's project, a database, and a tracker in it or beside it."""

    folder: Path
    dsn: str
    tracker: str

    @classmethod
    def open(cls, folder: Path, dsn: str, *, beside: bool) -> Shop:
        """A copy of the project."""
        shutil.copytree(SHOP, folder)
        return cls(folder, dsn, "env:DATABASE_URL" if beside else f"sqlite:{folder}/tracker.db")

    def command(self, forks: Forks, *words: str, kill_at: int | None = None, every_statement: bool = False) -> Ended:
        """Run a command of migsafe with the tracker."""
        arguments = [*words, "--tracker", self.tracker]
        variables = {"DATABASE_URL": self.dsn}
        return forks.run(arguments, self.folder, variables, kill_at=kill_at, every_statement=every_statement)

    def run(self, forks: Forks, phase: str, *, kill_at: int | None = None, every_statement: bool = False) -> Ended:
        """Run a phase."""
        words = ["run", phase, "--release", "1.2", "--env", "shadow", "--url", "env:DATABASE_URL"]
        more = ["--create-env", "--wait-for-turn", "60", "--accept", "a test"]
        return self.command(forks, *words, *more, kill_at=kill_at, every_statement=every_statement)

    def begin(self, forks: Forks) -> None:
        """A tracker, and the release that rolls; contracts need no plan there."""
        assert self.command(forks, "tracker", "upgrade").code == 0
        words = ["release", "mark", "1.2", "--env", "shadow", "--status", "rolling", "--create-env", "--unprotected"]
        marked = self.command(forks, *words)
        assert marked.code == 0, marked.output

    def facts(self) -> list[list[tuple[object, ...]]]:
        """What the database holds."""
        with connect(self.dsn, autocommit=True) as session:
            return [session.query(question) for question in _FACTS]
