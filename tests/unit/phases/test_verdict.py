"""The same DROP COLUMN in many stories: what evidence clears it, and what condemns it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migsafe.lint.phasing import Phased, set_in_time
from migsafe.model.declaration import Declaration
from migsafe.model.dialect import Dialect
from migsafe.model.finding import Severity
from migsafe.model.phase import Phase
from migsafe.model.plan import ChangeKind
from migsafe.model.state import (
    Chain,
    Check,
    Environment,
    Rollout,
    RolloutStatus,
    Run,
    StateDocument,
    Step,
    StepStatus,
    Target,
)
from migsafe.model.usage import Place, UsageEvidence, Use
from migsafe.phases.rules import PHASE_RULES
from migsafe.phases.story import PhaseSettings, Story
from phase_stories import NOW, history, run

_USERS = "CREATE TABLE users (id bigint PRIMARY KEY, name text, email text)"
_DROP = "ALTER TABLE users DROP COLUMN email"
_LONG_AGO = datetime(2026, 10, 1, tzinfo=UTC)


def _uses(use: Use, *, only_in: str | None = None) -> Callable[..., tuple[UsageEvidence, ...]]:
    def look(_chapter: object, _subject: object, release: Any) -> tuple[UsageEvidence, ...]:
        name = None if release is None else release.name
        found = use if only_in in {None, name} else Use.NONE
        return (UsageEvidence("words", found, "app/models.py maps users.email", name, (Place("app/models.py", 3),)),)

    return look


_NOBODY = _uses(Use.NONE)


def _state(
    rollouts: Mapping[str, RolloutStatus], *, at: datetime = _LONG_AGO, steps: tuple[Step, ...] = (), **more: Any
) -> StateDocument:
    production = Environment(
        name="production",
        protected=True,
        targets=(Target(name="main", dialect=Dialect.POSTGRES),),
        rollouts=tuple(
            Rollout(
                release=name,
                status=status,
                full_at=at if status is not RolloutStatus.ROLLING else None,
                retired_at=at if status is RolloutStatus.RETIRED else None,
            )
            for name, status in rollouts.items()
        ),
    )
    return StateDocument(
        exported=NOW, installation="shop", chain=Chain("0" * 64), environments=(production,), steps=steps, **more
    )


_ROLLED_OUT = {"1.8.0": RolloutStatus.RETIRED, "1.9.0": RolloutStatus.DEPLOYED}


def _judge(
    texts: Mapping[str, str],
    releases: Mapping[str, tuple[str, ...]],
    *,
    declared: Mapping[str, Declaration] | None = None,
    **more: Any,
) -> Phased:
    outcome = run(texts, declared=declared)
    story = Story(chapters=outcome.chapters, releases=history(releases), **{"now": NOW} | more)
    return set_in_time(outcome, story, frozenset(PHASE_RULES))


def _drop(**more: Any) -> Phased:
    """A column of 1.8.0 is dropped after 1.9.0."""
    return _judge({"1": _USERS, "2": _DROP}, {"1.8.0": ("1",), "1.9.0": ()}, **more)


def _severity(phased: Phased, rule: str = "drop-column") -> Severity | None:
    return next((finding.severity for finding in phased.findings if finding.rule == rule), None)


def _results(phased: Phased) -> set[tuple[str, str]]:
    shown = (*phased.findings, *phased.cleared)
    return {(one.rule, one.result) for finding in shown for one in finding.evidence}


def test_without_releases_the_hazard_stands_and_says_what_would_clear_it() -> None:
    phased = _judge({"1": _USERS, "2": _DROP}, {})
    (finding,) = [one for one in phased.findings if one.rule == "drop-column"]
    assert finding.severity is Severity.ERROR
    assert finding.evidence == ()
    assert "clears itself on evidence" in finding.instead


def test_all_evidence_clears_it() -> None:
    phased = _drop(state=_state(_ROLLED_OUT), usage=_NOBODY)
    assert _severity(phased) is None
    (cleared,) = phased.cleared
    assert {one.result for one in cleared.evidence} == {"pass"}


@pytest.mark.parametrize("release", [None, "1.9.0"])
def test_one_release_that_still_maps_it_condemns_it(release: str | None) -> None:
    look = _uses(Use.STRONG, only_in=release) if release else _uses(Use.STRONG)
    phased = _drop(state=_state(_ROLLED_OUT), usage=look)
    assert _severity(phased) is Severity.ERROR
    assert ("still-in-use", "fail") in _results(phased)


def test_a_word_that_may_mean_it_only_warns() -> None:
    phased = _drop(state=_state(_ROLLED_OUT), usage=_uses(Use.WEAK))
    assert _severity(phased) is Severity.WARNING


@pytest.mark.parametrize(("stage", "severity"), [("pull-request", Severity.WARNING), ("deploy", Severity.ERROR)])
def test_what_is_unknown_warns_in_a_pull_request_and_fails_in_a_deployment(stage: Any, severity: Severity) -> None:
    phased = _drop(usage=_NOBODY, settings=PhaseSettings(stage=stage))
    assert ("contract-before-rollout", "unknown") in _results(phased)
    assert _severity(phased) is severity


def test_a_release_that_is_still_rolling_condemns_it() -> None:
    state = _state({"1.8.0": RolloutStatus.DEPLOYED, "1.9.0": RolloutStatus.ROLLING})
    phased = _drop(state=state, usage=_NOBODY)
    assert _severity(phased) is Severity.ERROR
    assert ("contract-before-rollout", "fail") in _results(phased)


def test_a_rollout_of_yesterday_is_too_early() -> None:
    phased = _drop(state=_state(_ROLLED_OUT, at=NOW - timedelta(days=1)), usage=_NOBODY)
    assert _severity(phased) is Severity.ERROR
    assert ("contract-too-early", "fail") in _results(phased)


def _brought_and_taken(**more: Any) -> Phased:
    """A column is added and dropped in one release."""
    added = "ALTER TABLE users ADD COLUMN phone text"
    return _judge(
        {"1": _USERS, "2": added, "3": "ALTER TABLE users DROP COLUMN phone"}, {"1.8.0": ("1",), "1.9.0": ()}, **more
    )


def test_what_no_release_has_may_go_at_once() -> None:
    phased = _brought_and_taken(usage=_NOBODY)
    assert ("contract-too-early", "pass") in _results(phased)
    assert _severity(phased) is None


def test_what_no_release_has_and_the_branch_still_names_may_not() -> None:
    assert _severity(_brought_and_taken(usage=_uses(Use.STRONG))) is Severity.ERROR


def test_a_contract_beside_an_expand_is_told_so_in_its_evidence() -> None:
    mixed = f"ALTER TABLE users ADD COLUMN phone text; {_DROP}"
    phased = _judge({"1": _USERS, "2": mixed}, {"1.8.0": ("1",), "1.9.0": ()}, state=_state(_ROLLED_OUT), usage=_NOBODY)
    assert ("mixed-phases", "fail") in _results(phased)
    assert _severity(phased) is Severity.ERROR
    assert _severity(phased, "mixed-phases") is None, "one statement, one finding"


def test_a_migration_that_says_it_expands_may_not_take_away() -> None:
    phased = _judge(
        {"1": _USERS, "2": _DROP},
        {"1.8.0": ("1",), "1.9.0": ()},
        declared={"2": Declaration(phase=Phase.EXPAND)},
        state=_state(_ROLLED_OUT),
        usage=_NOBODY,
    )
    assert ("destructive-outside-contract", "fail") in _results(phased)
    assert _severity(phased) is Severity.ERROR


def test_what_a_past_release_did_is_nobodys_task_any_more() -> None:
    phased = _judge({"1": _USERS, "2": _DROP}, {"1.7.0": ("1",), "1.8.0": ("2",), "1.9.0": ()})
    assert _severity(phased) is None


_RENAME = {
    "1": _USERS,
    "2": "ALTER TABLE users ADD COLUMN mail text",
    "3": "UPDATE users SET mail = email WHERE mail IS NULL",
    "4": _DROP,
}
_CHANGE = {
    "2": Declaration(phase=Phase.EXPAND, change="mail"),
    "3": Declaration(phase=Phase.MIGRATE, change="mail"),
    "4": Declaration(phase=Phase.CONTRACT, change="mail"),
}
_SHIPPED = {"1.7.0": ("1",), "1.8.0": ("2", "3"), "1.9.0": ()}
_MIGRATED = Step(
    phase=Phase.MIGRATE,
    migration="3",
    change="mail",
    runs=(Run(environment="production", target="main", status=StepStatus.DONE, at=_LONG_AGO),),
)


def _verified(at: datetime, *, ok: bool = True) -> tuple[Check, ...]:
    return (Check(change="mail", name="both are alike", environment="production", target="main", ok=ok, at=at),)


def _all_out(**more: Any) -> StateDocument:
    rollouts = {"1.7.0": RolloutStatus.RETIRED, **_ROLLED_OUT}
    return _state(rollouts, **more)


def test_a_change_whose_data_was_verified_lately_is_cleared() -> None:
    state = _all_out(steps=(_MIGRATED,), checks=_verified(NOW - timedelta(hours=2)))
    phased = _judge(_RENAME, _SHIPPED, declared=_CHANGE, state=state, usage=_NOBODY)
    assert ("contract-before-verified", "pass") in _results(phased)
    assert _severity(phased) is None


def test_a_change_whose_data_was_found_wrong_is_condemned() -> None:
    state = _all_out(steps=(_MIGRATED,), checks=_verified(NOW - timedelta(hours=2), ok=False))
    phased = _judge(_RENAME, _SHIPPED, declared=_CHANGE, state=state, usage=_NOBODY)
    assert ("contract-before-verified", "fail") in _results(phased)


def test_expand_and_contract_in_one_release_are_condemned() -> None:
    shipped = {"1.7.0": ("1",), "1.9.0": ()}
    phased = _judge(_RENAME, shipped, declared=_CHANGE, state=_all_out(), usage=_NOBODY)
    assert ("expand-and-contract-in-one-release", "fail") in _results(phased)


def test_a_change_without_a_migrate_step_is_condemned() -> None:
    texts = {name: text for name, text in _RENAME.items() if name != "3"} | {
        "2": _RENAME["2"] + "; CREATE TRIGGER zzz_migsafe_mail BEFORE INSERT ON users EXECUTE FUNCTION f()"
    }
    phased = _judge(texts, {"1.7.0": ("1",), "1.8.0": ("2",), "1.9.0": ()}, declared=_CHANGE, usage=_NOBODY)
    assert ("migrate-step-missing", "fail") in _results(phased)


def test_without_a_word_the_steps_are_tied_by_their_objects() -> None:
    outcome = run(_RENAME)
    (change,) = Story(chapters=outcome.chapters, now=NOW).changes
    assert change.kind is ChangeKind.RENAME_COLUMN
    assert [chapter.migration for chapter in change.chapters] == ["2", "3", "4"]


def test_a_column_that_was_filled_from_elsewhere_takes_nobody_s_place() -> None:
    texts = _RENAME | {"3": "UPDATE users SET mail = upper(name) WHERE mail IS NULL"}
    (change,) = Story(chapters=run(texts).chapters, now=NOW).changes
    assert change.kind is ChangeKind.DROP_COLUMN
    assert [chapter.migration for chapter in change.chapters] == ["4"]


def test_what_a_past_release_did_wrong_is_only_worth_knowing() -> None:
    mixed = f"ALTER TABLE users ADD COLUMN phone text; {_DROP}"
    phased = _judge({"1": _USERS, "2": mixed}, {"1.7.0": ("1",), "1.8.0": ("2",), "1.9.0": ()})
    assert ("mixed-phases", "fail") in _results(phased)
    assert _severity(phased) is Severity.INFO


@pytest.mark.parametrize(("stage", "severity"), [("pull-request", Severity.INFO), ("deploy", Severity.ERROR)])
def test_what_the_latest_release_carries_is_judged_when_it_is_deployed(stage: Any, severity: Severity) -> None:
    released = {"1.8.0": ("1",), "1.9.0": ("2",)}
    phased = _judge({"1": _USERS, "2": _DROP}, released, usage=_NOBODY, settings=PhaseSettings(stage=stage))
    assert _severity(phased) is severity
