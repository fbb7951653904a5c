"""Values for tests of contract plans, with as little said as a test needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from migsafe.contracts.clearance import Decision, SignedPlan
from migsafe.contracts.values import (
    ContractPlan,
    ContractStep,
    Gate,
    PlannedLock,
    PlannedStatement,
    Radius,
    RadiusFact,
    TakenObject,
    Thresholds,
)
from migsafe.model.phase import Part
from migsafe.model.plan import Check
from migsafe.model.state import TargetName

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MAIN = TargetName("production", "main")
CHANGE = "users-name-to-full-name"
USERS_NAME = TakenObject(kind="column", name="public.users", column="name", number=3, type="text")
LOCK = PlannedLock("public.users", "ACCESS EXCLUSIVE", "reads and writes")


def statement(sql: str = "ALTER TABLE users RENAME COLUMN name TO _migsafe_q_name", **said: Any) -> PlannedStatement:
    """A statement that takes a strong lock for a moment."""
    return PlannedStatement(**{"sql": sql, "locks": (LOCK,), **said})


def step(name: str = "quarantine-name", **said: Any) -> ContractStep:
    """A step that can be taken back."""
    usual: dict[str, Any] = {
        "name": name,
        "title": "Put users.name out of reach; it can be brought back",
        "part": Part.QUARANTINE,
        "statements": (statement(),),
        "migration": "009_quarantine_name",
        "planned": "quarantine-name",
        "backward": ("ALTER TABLE users RENAME COLUMN _migsafe_q_name TO name",),
        "before": (Check("both sides of every row agree", "SELECT 0"),),
    }
    return ContractStep(**{**usual, **said})


def purge_step(**said: Any) -> ContractStep:
    """A step after which nothing brings it back."""
    usual: dict[str, Any] = {
        "name": "purge-name",
        "title": "Drop what was users.name, with its indexes",
        "part": Part.PURGE,
        "statements": (statement("ALTER TABLE users DROP COLUMN _migsafe_q_name"),),
        "backward": (),
        "back": "impossible",
        "no_way_back": "its values are gone; only a backup has them",
        "point_of_no_return": "its values are dropped",
        "loses_data": True,
        "hold_days": 14,
        "before": (),
    }
    return step(**{**usual, **said})


def gate(result: str = "pass", name: str = "dependents", text: str = "nobody uses it", **said: Any) -> Gate:
    """What one gate says."""
    return Gate(**{"name": name, "result": result, "text": text, "source": "database", **said})


def plan(**said: Any) -> ContractPlan:
    """The plan of a quarantine for which all is well."""
    usual: dict[str, Any] = {
        "change": CHANGE,
        "where": MAIN,
        "database": "shop",
        "identity": "7711/shop",
        "part": Part.QUARANTINE,
        "kind": "rename-column",
        "objects": (USERS_NAME,),
        "steps": (step(),),
        "thresholds": Thresholds(),
        "gates": (gate(), gate(name="contract-before-rollout", text="only 1.8.0 runs on production", source="state")),
        "usage": (
            gate(name="still-in-use", text="1.8.0: nothing names users.name", source="words", confidence="strong"),
        ),
        "radius": (
            Radius(
                object="users.name",
                rows=1_200_000,
                size=350 << 20,
                index_size=90 << 20,
                filled=998,
                facts=(RadiusFact("index", "public.users_name_idx", "goes with it (34 MB)"),),
            ),
        ),
        "floor": "1.8.0",
        "follows": "the purge, 14 days later at the earliest, by a plan of its own",
        "facts": ("index public.users_name_idx on users.name", "users.name is a column text"),
        "surroundings": {"public.orders": "0a1b2c3d", "public.users": "4d5e6f70"},
        "author": "mira",
        "made_at": NOW,
    }
    return ContractPlan(**{**usual, **said})


def purge(**said: Any) -> ContractPlan:
    """The plan of a purge for which all is well."""
    dropped = replace(USERS_NAME, column="_migsafe_q_name")
    return plan(**{"part": Part.PURGE, "steps": (purge_step(),), "objects": (dropped,), "follows": None, **said})


def approval(approver: str = "olga", *, hours_ago: float = 1, **said: Any) -> Decision:
    """An approval that counts for 72 hours."""
    at = NOW - timedelta(hours=hours_ago)
    usual = {"decision": "approve", "at": at, "expires_at": at + timedelta(hours=72)}
    return Decision(**{"approver": approver, **usual, **said})


def signed(kept: ContractPlan | None = None, *decisions: Decision, **said: Any) -> SignedPlan:
    """A plan as the tracker keeps it, made five hours ago."""
    usual = {"plan": kept or plan(), "author": "mira", "made_at": NOW - timedelta(hours=100)}
    return SignedPlan(**{**usual, "decisions": decisions, **said})
