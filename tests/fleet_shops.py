"""Many databases of one shop on one server, and the fleet's file that says so."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.postgres.connection import connect
from run_shops import SHOP

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What stands in the way of the first migration.
CONFLICT = "create table orders (id text)"


@dataclass
class FleetOfShops:
    """A copy of the shop's project with a fleet of databases.

    Attributes:
        folder: the project.
        names: of the databases, in the order of the file.
        address: a connection string with `{target}` in it.
    """

    folder: Path
    names: tuple[str, ...]
    address: str

    @classmethod
    def open(cls, folder: Path, dsns: Sequence[str], *, first: int = 1, concurrency: int = 3) -> FleetOfShops:
        """A copy of the project, and a file with two rings.

        Args:
            dsns: of the databases; they differ in the name only.
            first: how many databases are in the first ring.
        """
        shutil.copytree(SHOP, folder)
        parts = [dsn.rpartition("dbname=") for dsn in dsns]
        assert len({before for before, _, _ in parts}) == 1, "one server has them all"
        fleet = cls(folder, tuple(name for _, _, name in parts), f"{parts[0][0]}dbname={{target}}")
        fleet.write(("first", fleet.names[:first], 1), ("everybody", fleet.names[first:], concurrency))
        return fleet

    def write(self, *rings: tuple[str, Sequence[str], int]) -> None:
        """The fleet's file."""
        lines = ['url = "env:TENANT_URL"']
        for name, targets, concurrency in rings:
            lines += [
                "",
                "[[ring]]",
                f'name = "{name}"',
                f"concurrency = {concurrency}",
                f"targets = {list(targets)!r}",
            ]
        self.file.write_text("\n".join(lines) + "\n")

    @property
    def file(self) -> Path:
        """The fleet's file."""
        return self.folder / "migsafe.fleet.toml"

    def dsn(self, name: str) -> str:
        """The connection string of one database."""
        return self.address.replace("{target}", name)

    def ask(self, name: str, question: str) -> list[tuple[object, ...]]:
        """What one database holds."""
        with connect(self.dsn(name), autocommit=True) as session:
            return session.query(question)

    def told(self, name: str, sql: str) -> None:
        """Run SQL on one database."""
        with connect(self.dsn(name), autocommit=True) as session:
            session.execute(sql)

    def has_goose(self, name: str, version: int) -> bool:
        """Whether a migration has come to a database, as its tool says."""
        if not self.ask(name, "select 1 where to_regclass('goose_db_version') is not null"):
            return False
        return bool(self.ask(name, f"select 1 from goose_db_version where version_id = {version} and is_applied"))
