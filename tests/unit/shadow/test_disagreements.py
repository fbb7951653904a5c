"""Which differences of the two sides are told, and which are none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lint_walks import script
from migsafe.model.evidence import ObservedMigration, ObservedStatement, ZoneTrial
from migsafe.model.locks import LockClaim, LockMode, Work
from migsafe.model.names import QualifiedName
from migsafe.model.observation import IndexWork, Observation, StatementError
from migsafe.parse import read_script
from migsafe.rules.knowledge.table_work import Bounds, at_most, exactly
from migsafe.shadow.disagreements import Scene, compare, disagreements
from migsafe.shadow.migration import ShadowMigration
from migsafe.shadow.prediction import Prediction

T = QualifiedName("t", "public")
SCENE = Scene(frozenset({T}), frozenset())
KNOWN = frozenset({T})
NOTHING = "no lock that keeps others waiting"


def seen(mode: LockMode | None = None, **work: tuple[object, ...]) -> ObservedStatement:
    locks = (LockClaim(T, mode, "observed"),) if mode is not None else ()
    observation = Observation(locks=locks, **work)  # type: ignore[arg-type]  # each test names its own field
    return ObservedStatement(index=0, line=1, fingerprint="f", observation=observation)


def predicted(mode: LockMode | None = None, bounds: Bounds | None = None) -> Prediction:
    return Prediction(
        locks={T: mode} if mode is not None else {}, work={T: bounds} if bounds is not None else {}, known=KNOWN
    )


def told(prediction: Prediction, statement: ObservedStatement, scene: Scene = SCENE) -> list[tuple[str, str]]:
    return [(one.predicted, one.observed) for one in disagreements(prediction, statement, scene)]


def test_the_same_lock_is_no_disagreement() -> None:
    assert told(predicted(LockMode.SHARE), seen(LockMode.SHARE)) == []


@pytest.mark.parametrize(
    ("mode", "observed", "words"),
    [
        (LockMode.SHARE, LockMode.ACCESS_EXCLUSIVE, ("SHARE", "ACCESS EXCLUSIVE")),
        (LockMode.ACCESS_EXCLUSIVE, LockMode.SHARE, ("ACCESS EXCLUSIVE", "SHARE")),
        (None, LockMode.SHARE, (NOTHING, "SHARE")),
        (LockMode.SHARE, None, ("SHARE", NOTHING)),
        (LockMode.ROW_EXCLUSIVE, LockMode.SHARE_UPDATE_EXCLUSIVE, (NOTHING, "SHARE UPDATE EXCLUSIVE")),
    ],
)
def test_another_lock_is_one(mode: LockMode | None, observed: LockMode | None, words: tuple[str, str]) -> None:
    assert told(predicted(mode), seen(observed)) == [words]


@pytest.mark.parametrize("mode", [None, LockMode.ACCESS_SHARE, LockMode.ROW_EXCLUSIVE])
def test_weak_locks_are_not_compared(mode: LockMode | None) -> None:
    assert told(predicted(mode), seen(LockMode.ROW_SHARE)) == []


def test_a_lock_that_the_transaction_has_cannot_be_seen_again() -> None:
    held = Scene(frozenset({T}), frozenset({(T, LockMode.ACCESS_EXCLUSIVE)}))
    assert told(predicted(LockMode.ACCESS_EXCLUSIVE), seen(), held) == []
    assert told(predicted(LockMode.ACCESS_EXCLUSIVE), seen(LockMode.SHARE), held) == []
    assert told(predicted(LockMode.SHARE), seen(LockMode.ACCESS_EXCLUSIVE), held) == [("SHARE", "ACCESS EXCLUSIVE")]


def test_what_is_new_or_unknown_does_not_count() -> None:
    assert told(predicted(LockMode.SHARE), seen(), Scene(frozenset(), frozenset())) == []
    unknown = Prediction(known=frozenset())
    assert told(unknown, seen(LockMode.SHARE)) == []


def test_code_out_of_sight_is_not_compared() -> None:
    assert told(replace(predicted(LockMode.SHARE), complete=False), seen(LockMode.ACCESS_EXCLUSIVE)) == []


def test_a_branch_may_not_be_taken_but_does_no_more_than_it_says() -> None:
    branch = replace(predicted(LockMode.SHARE, exactly(Work.SCAN)), certain=False)
    assert told(branch, seen()) == []
    assert told(branch, seen(LockMode.ACCESS_EXCLUSIVE)) == [("SHARE", "ACCESS EXCLUSIVE")]


@pytest.mark.parametrize(
    ("bounds", "work", "words"),
    [
        (None, {"scanned": (T,)}, [("no work", "a scan")]),
        (exactly(Work.SCAN), {"scanned": (T,)}, []),
        (exactly(Work.SCAN), {}, [("a scan", "no work")]),
        (exactly(Work.SCAN), {"rewritten": (T,)}, [("a scan", "a rewrite")]),
        (at_most(Work.SCAN), {}, []),
        (at_most(Work.SCAN), {"rewritten": (T,)}, [("at most a scan", "a rewrite")]),
        (at_most(Work.REWRITE), {"built": (IndexWork(QualifiedName("i"), T),)}, []),
        (exactly(Work.REWRITE), {"rewritten": (T,), "emptied": (T,)}, [("a rewrite", "no work")]),
    ],
)
def test_work(bounds: Bounds | None, work: dict[str, tuple[object, ...]], words: list[tuple[str, str]]) -> None:
    assert told(predicted(None, bounds), seen(**work)) == words


def test_triggers_may_scan_and_not_rewrite() -> None:
    rows = replace(predicted(), changes_rows=True)
    assert told(rows, seen(scanned=(T,))) == []
    assert told(rows, seen(rewritten=(T,))) == [("no work", "a rewrite")]


@pytest.mark.parametrize(
    ("in_utc", "bounds", "words"),
    [
        (False, exactly(Work.REWRITE), []),
        (False, exactly(Work.NONE), [("no work", "a rewrite")]),
        (True, exactly(Work.NONE), []),
        (True, exactly(Work.REWRITE), [("a rewrite", "no work")]),
    ],
)
def test_what_depends_on_the_time_zone_is_held_against_the_right_one(
    in_utc: bool, bounds: Bounds, words: list[tuple[str, str]]
) -> None:
    statement = replace(seen(), zones=(ZoneTrial("UTC", ()), ZoneTrial("America/New_York", (T,))))
    assert told(replace(predicted(None, bounds), in_utc=in_utc), statement) == words


def findings(statement: ObservedStatement, prediction: Prediction) -> list[str]:
    up = read_script(script("CREATE INDEX i ON t (a);"))
    migration = ShadowMigration("7", "7.sql", up)
    observed = ObservedMigration("7", "7.sql", (statement,))
    return [
        f"{one.start.line}:{one.severity}:{one.rule}: {one.message} {[(str(c.mode), c.source) for c in one.locks]}"
        for one in compare(migration, (prediction,), observed, {0: SCENE})
    ]


def test_a_finding_has_both_sides() -> None:
    assert findings(seen(LockMode.SHARE, scanned=(T,)), predicted(LockMode.ACCESS_EXCLUSIVE)) == [
        "1:warning:lock-not-as-predicted: on public.t migsafe predicts ACCESS EXCLUSIVE, and SHARE was seen; "
        "on public.t migsafe predicts no work, and a scan was seen "
        "[('ACCESS EXCLUSIVE', 'predicted'), ('SHARE', 'observed')]"
    ]


def test_what_was_refused_is_not_compared() -> None:
    refused = replace(seen(), observation=Observation(error=StatementError("42P01", "no t")))
    assert findings(refused, predicted(LockMode.SHARE)) == []
