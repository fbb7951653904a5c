"""Approvals in a tracker in Postgres: who somebody is, is what they have logged in as."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from contract_cases import plan, purge
from migsafe.config import Config
from migsafe.contracts.clearance import clear
from migsafe.contracts.errors import ContractRefusedError
from migsafe.contracts.keeping import decide, keep, show_plan, signed_for
from migsafe.postgres.connection import connect
from migsafe.tracker.errors import TrackerRefusedError
from migsafe.tracker.facts import Author
from migsafe.tracker.opening import Tracker
from tracker_books import ME, Book

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.contracts.clearance import Clearance
    from migsafe.contracts.values import ContractPlan
    from migsafe.shadow.server import ThrowawayServer

ROLES = ("contract_olga", "contract_pavel")
OLGA, PAVEL = Author(actor="olga"), Author(actor="pavel")


@pytest.fixture
def book(database: str, postgres_server: ThrowawayServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Book]:
    """A tracker in Postgres, and two people with logins of their own."""
    with connect(database, autocommit=True) as session:
        for role in ROLES:
            session.execute_with_names("CREATE ROLE {role} LOGIN SUPERUSER", role=role)
    monkeypatch.setenv("T", database)
    yield Book("env:T").furnish()
    with postgres_server.connect() as session:
        for role in ROLES:
            session.execute_with_names("DROP ROLE {role}", role=role)


def as_role(role: str, monkeypatch: pytest.MonkeyPatch, database: str) -> Config:
    monkeypatch.setenv(f"T_{role}", f"{database} user={role}")
    return Config(tracker=f"env:T_{role}")


def cleared(book: Book, now_made: ContractPlan, *, hours: float = 0) -> Clearance:
    moment = datetime.now(UTC) + timedelta(hours=hours)
    with book.tracker.reading() as ledger:
        return clear(signed_for(ledger, now_made, moment), now_made, moment)


def test_another_name_of_the_authors_login_is_the_author(book: Book) -> None:
    keep(plan(), ME, Tracker(book.address))
    with pytest.raises(ContractRefusedError, match=r"the role .* as mira, has made the plan"):
        decide(plan().short_id, OLGA, Config(tracker="env:T"), approve=True)


def test_two_logins_are_two_people_and_one_is_one(book: Book, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(purge(), ME, Tracker(book.address))
    olga, pavel = (as_role(role, monkeypatch, database) for role in ROLES)
    assert decide(purge().short_id, OLGA, olga, approve=True).missing == 1
    assert decide(purge().short_id, PAVEL, olga, approve=True).missing == 1, "another name, the same login"
    with pytest.raises(TrackerRefusedError, match="another role has decided under this name"):
        decide(purge().short_id, OLGA, pavel, approve=True)
    assert not cleared(book, purge()).cleared
    assert decide(purge().short_id, Author(actor="petra"), pavel, approve=True).missing == 0
    assert cleared(book, purge()).cleared
    assert "expired" in (cleared(book, purge(), hours=73).why or "")
    signed = show_plan(purge().short_id, Config(tracker="env:T"))
    assert [one.role for one in signed.decisions] == ["contract_olga", "contract_olga", "contract_pavel"]
    assert signed.author_role not in {"", *ROLES}
