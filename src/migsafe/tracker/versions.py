"""The upgrades of the tracker's own tables: numbered files of SQL, read without a database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files

_NAME = re.compile(r"(?P<number>\d{4})_(?P<title>\w+)(?:\.(?P<dialect>postgres|sqlite))?\.sql")

#: The version that this migsafe reads and writes.
VERSION = 5


@dataclass(frozen=True, slots=True)
class Upgrade:
    """One upgrade, for one kind of database.

    Attributes:
        number: the version that the tracker has after it.
        statements: what it runs, in order.
    """

    number: int
    name: str
    statements: tuple[str, ...]


def upgrades(dialect: str) -> tuple[Upgrade, ...]:
    """All upgrades for a kind of database, in their order.

    Args:
        dialect: `postgres` or `sqlite`.
    """
    found = []
    for file in (files("migsafe.tracker") / "migrations").iterdir():
        name = _NAME.fullmatch(file.name)
        if name is not None and name["dialect"] in {None, dialect}:
            found.append(Upgrade(int(name["number"]), file.name, statements_of(file.read_text(encoding="utf-8"))))
    return tuple(sorted(found, key=lambda upgrade: (upgrade.number, upgrade.name)))


def statements_of(text: str) -> tuple[str, ...]:
    """The statements of a file: a blank line stands between two, so that no reader of SQL is needed."""
    blocks = ("\n".join(_code(block)) for block in re.split(r"\n\s*\n", text))
    return tuple(block.strip().removesuffix(";") if not block.strip().endswith("END;") else block.strip()
                 for block in blocks if block.strip())  # fmt: skip


def _code(block: str) -> list[str]:
    return [line for line in block.splitlines() if not line.startswith("--")]
