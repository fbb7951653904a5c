"""What a round comes to: fates, counts and the exit code."""

from __future__ import annotations

import pytest

from migsafe.errors import EnvironmentFailedError, ExitCode, MigsafeError
from migsafe.fleet.answers import answer_of
from migsafe.fleet.outcome import Fate, FleetOutcome, fate_of
from migsafe.fleet.rings import Settled
from migsafe.fleet.roster import FleetTarget, Ring, Roster
from migsafe.fleet.voice import Voice
from migsafe.model.phase import Phase
from migsafe.model.state import StepStatus, TargetName
from migsafe.runner.outcome import RunOutcome, RunStoppedError, StepOutcome, StepRefusedError, StepStoppedError

STEP = StepOutcome(label="003_note", phase=Phase.EXPAND, change=None, status=StepStatus.DONE, pieces=1)
FAILED, REFUSED, STOPPED = StepStoppedError("it broke"), StepRefusedError("not now"), RunStoppedError("stopped")


def ran(name: str, problem: MigsafeError | None = None, *steps: StepOutcome) -> Settled[RunOutcome]:
    where = TargetName("production", name)
    value = RunOutcome(where=where, phase=Phase.EXPAND, release="1.1", steps=steps, problem=problem)
    return Settled("all", name, value)


def outcome(*settled: Settled[RunOutcome], left: str = "") -> FleetOutcome:
    names = [*(one.target for one in settled), *left]
    return FleetOutcome(roster=Roster((Ring("all", tuple(FleetTarget(n, "s") for n in names)),)), settled=settled)


@pytest.mark.parametrize(
    ("settled", "fate"),
    [
        (ran("a", None, STEP), Fate.DONE),
        (ran("a"), Fate.NOTHING),
        (ran("a", FAILED, STEP), Fate.FAILED),
        (ran("a", REFUSED), Fate.REFUSED),
        (ran("a", STOPPED, STEP), Fate.STOPPED),
        (Settled("all", "a", error=EnvironmentFailedError("away")), Fate.FAILED),
        (Settled("all", "a", error=StepRefusedError("taken")), Fate.REFUSED),
    ],
)
def test_fates(settled: Settled[RunOutcome], fate: Fate) -> None:
    assert fate_of(settled) is fate


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (outcome(ran("a", None, STEP), ran("b")), ExitCode.CLEAN),
        (outcome(ran("a"), ran("b", REFUSED)), ExitCode.REFUSED),
        (outcome(ran("a", FAILED), ran("b", REFUSED)), ExitCode.ENVIRONMENT),
        (outcome(ran("a", REFUSED), ran("b", STOPPED), left="c"), ExitCode.REFUSED),
        (outcome(ran("a", STOPPED)), ExitCode.INTERRUPTED),
        (outcome(ran("a"), left="bc"), ExitCode.INTERRUPTED),
    ],
)
def test_the_gravest_is_the_exit_code(found: FleetOutcome, code: ExitCode) -> None:
    assert found.exit_code is code
    assert (found.problem is None) is (code is ExitCode.CLEAN)


def test_what_is_said_of_all_of_them() -> None:
    found = outcome(ran("a", None, STEP), ran("b"), ran("c", FAILED), ran("d", REFUSED), left="ef")
    assert found.counts == {Fate.DONE: 1, Fate.NOTHING: 1, Fate.REFUSED: 1, Fate.FAILED: 1, Fate.LEFT: 2}
    assert found.problem is not None
    assert found.problem.message == "of 6 databases 1 failed, 1 refused, 2 not begun"


def test_databases_that_answer_alike_give_the_same_answer() -> None:
    taken = [ran(name, StepRefusedError(f"production/{name} is taken")) for name in ("a", "b")]
    assert answer_of(taken[0]) == answer_of(taken[1]) == ("refused: production/{target} is taken",)
    assert answer_of(ran("a")) == ("nothing to run",)
    assert answer_of(ran("a", None, STEP)) == ("would run 003_note (expand)",)


def test_a_name_within_another_word_is_no_name() -> None:
    assert answer_of(ran("a", StepRefusedError("a table a_b of tenant-a"))) == (
        "refused: {target} table a_b of tenant-a",
    )


def test_what_is_quick_is_told_by_its_end() -> None:
    time, said = [0.0], []
    voice = Voice(said.append, lambda: time[0])
    say = voice.of("tenant_1")
    say("1/2 003_note (expand)")
    say("2/2 004_index (expand)")
    assert said == []
    time[0] = 6.0
    say("waits for pid 12")
    say("40 %")
    assert said == ["tenant_1: 2/2 004_index (expand)", "tenant_1: waits for pid 12", "tenant_1: 40 %"]


def test_nobody_listens_any_more() -> None:
    def say(line: str) -> None:
        raise BrokenPipeError(line)

    Voice(say).say("1/2 first: tenant_1: done")
