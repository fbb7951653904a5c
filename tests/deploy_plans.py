"""Release plans for tests: a deploy.toml, an engine, and what the tracker knows, each with something changed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migsafe.deploy.facts import Carried, ReleaseFacts, SchemaFacts
from migsafe.deploy.plan import ReleasePlan, make_plan
from migsafe.deploy.settings import DeploySettings, settings_of
from migsafe.deploy.tables import parse_document
from migsafe.deploy.words import Capabilities, Strategy
from migsafe.model.phase import Phase
from migsafe.tracker.guarding import Verdict
from tracker_books import MAIN, NOW

if TYPE_CHECKING:
    from migsafe.tracker.guarding import Answer

ANYTHING = Capabilities(strategies=frozenset(Strategy), weights="exact")

TOML = """\
[deploy]
strategy = "canary"
provider = "command"
step_time = "1min"
soak = "30s"
bake = "10min"

[probes]
readiness = "/readyz"
liveness = "/livez"
smoke = ["/"]

[provider]
switch = ["./switch", "{version}"]

[[check]]
name = "errors"
kind = "proxy"
max_error_rate = 0.02

[environments.staging.deploy]
strategy = "blue-green"
"""


def settings(*changes: tuple[str, str], environment: str = "production") -> DeploySettings:
    """That deploy.toml, with pieces of its text replaced."""
    text = TOML
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return settings_of(parse_document(text, Path("deploy.toml")), environment)


def release(**changes: Any) -> ReleaseFacts:
    """1.9.0 is to follow 1.8.0 on production; the way back was tried yesterday."""
    told: dict[str, Any] = {
        "release": "1.9.0", "environment": "production", "stable": "1.8.0", "running": ("1.8.0",), "now": NOW,
        "rehearsed_at": NOW - timedelta(days=1),
    }  # fmt: skip
    return ReleaseFacts(**{**told, **changes})


def schema(**changes: Any) -> SchemaFacts:
    """One database, which has had the expand of 1.9.0, and works with both releases."""
    told: dict[str, Any] = {
        "databases": (MAIN,),
        "carried": (Carried(phase=Phase.EXPAND, steps=("0041_full_name",), changes=("users-name",)),),
        "now": (verdict("yes", "1.8.0"),),
        "expanded": (verdict("yes", "1.8.0"), verdict("yes", "1.9.0")),
    }
    return SchemaFacts(**{**told, **changes})


def verdict(answer: Answer, version: str) -> Verdict:
    """What a guard would say of a release."""
    return Verdict(answer, version, MAIN, f"the schema says {answer}")


def plan(
    *changes: tuple[str, str],
    capabilities: Capabilities = ANYTHING,
    facts: SchemaFacts | None = None,
    environment: str = "production",
    **told: Any,
) -> ReleasePlan:
    """A plan, with pieces of deploy.toml replaced, and of the facts of the release."""
    return make_plan(settings(*changes, environment=environment), capabilities, release(**told), facts or schema())
