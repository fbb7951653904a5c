"""Which steps a run is about; what must come first, and what is passed over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.bookkeeping.project import ProjectStep
from migsafe.model.declaration import SILENT
from migsafe.model.phase import Phase
from migsafe.model.script import Migration
from migsafe.model.state import Run, StepStatus
from migsafe.phases.act import Chapter
from migsafe.runner.selection import RunRefusedError, select, select_all, select_begun
from migsafe.tracker.facts import StepFacts

RELEASES = ("1.0", "1.1", "1.2")


def step(name: str, phase: Phase, release: str | None = "1.0", *, needs: tuple[str, ...] = ()) -> ProjectStep:
    chapter = Chapter(
        migration=name, path=f"{name}.sql", order=0, declaration=SILENT, acts=(), has_way_back=True, reported=True
    )
    facts = StepFacts(migration=name, phase=phase, release=release)
    migration = Migration(id=name, path=f"{name}.sql", needs=needs)
    return ProjectStep(facts, "v1:a", None, None, migration, chapter)


def run(status: StepStatus) -> Run:
    return Run(environment="production", target="main", status=status, checksum="v1:a")


def chosen(steps: list[ProjectStep], phase: Phase, *, release: str = "1.2", **options: object) -> list[str]:
    known = {name: run(status) for name, status in options.pop("known", {}).items()}  # type: ignore[attr-defined]  # as the test says
    found = select(steps, known, phase, releases=RELEASES, release=release, **options)  # type: ignore[arg-type]  # as the test says
    return [one.facts.label for one in found.steps]


E, M, C = Phase.EXPAND, Phase.MIGRATE, Phase.CONTRACT


def test_the_phase_up_to_the_release_in_order() -> None:
    steps = [step("1", E), step("2", E, "1.1"), step("3", E, "1.2"), step("4", E, None)]
    assert chosen(steps, E, release="1.0") == ["1"]
    assert chosen(steps, E, release="1.1") == ["1", "2"]
    assert chosen(steps, E) == ["1", "2", "3", "4"]  # what no release carries belongs to the one in the making


def test_what_has_run_is_not_run_again() -> None:
    steps = [step("1", E), step("2", E), step("3", E)]
    assert chosen(steps, E, known={"1": StepStatus.DONE}) == ["2", "3"]
    assert chosen(steps, E, known={"1": StepStatus.SKIPPED}, applied={"2"}) == ["3"]
    assert chosen(steps, E, known={"1": StepStatus.FAILED, "2": StepStatus.REVERTED}, applied={"3"}) == ["1", "2"]


def test_an_earlier_phase_comes_first() -> None:
    steps = [step("1", E), step("2", M)]
    with pytest.raises(RunRefusedError, match=r"1 \(expand\) has not run"):
        chosen(steps, M)
    assert chosen(steps, M, known={"1": StepStatus.DONE}) == ["2"]


def test_a_later_phase_is_passed_over() -> None:
    steps = [step("1", C), step("2", M), step("3", E)]
    found = select(steps, {}, E, releases=RELEASES, release="1.2")
    assert [one.facts.label for one in found.steps] == ["3"]
    assert [(one.step.facts.label, one.why) for one in found.passed] == [
        ("1", "waits for migsafe run contract"),
        ("2", "waits for migsafe run migrate"),
    ]


def test_what_is_needed_is_not_passed_over() -> None:
    with pytest.raises(RunRefusedError, match=r"2 needs 1 .contract., which has not run"):
        chosen([step("1", C), step("2", E, needs=("1",))], E)


def test_a_line_goes_on_as_far_as_the_phase_does() -> None:
    line = [step("1", E), step("2", E), step("3", M), step("4", E), step("5", C)]
    assert chosen(line, E, in_a_line=True) == ["1", "2"]
    found = select(line, {}, E, releases=RELEASES, release="1.2", in_a_line=True)
    assert [(one.step.facts.label, one.why) for one in found.passed] == [
        ("3", "comes before 1 more of expand: migsafe run migrate first")
    ]
    with pytest.raises(RunRefusedError, match=r"1 .expand. comes before 3"):
        chosen(line, M, in_a_line=True)
    done = {"1": StepStatus.DONE, "2": StepStatus.DONE}
    assert chosen(line, M, in_a_line=True, known=done) == ["3"]
    with pytest.raises(RunRefusedError, match=r"3 .migrate. comes before 4"):
        chosen(line, E, in_a_line=True, known=done)
    assert chosen([step("1", E), step("2", C)], M, in_a_line=True) == []


def test_all_of_it_in_the_order_of_the_tool() -> None:
    steps = [step("1", C), step("2", M), step("3", E, "1.2"), step("4", E)]
    found = select_all(steps, {"2": run(StepStatus.DONE)}, releases=RELEASES, release="1.1", applied={"4"})
    assert [one.facts.label for one in found.steps] == ["1"]


@pytest.mark.parametrize("status", [StepStatus.RUNNING, StepStatus.PARTIAL])
def test_what_was_cut_off_comes_first(status: StepStatus) -> None:
    steps = [step("1", E), step("2", M)]
    known = {"1": StepStatus.DONE, "2": status}
    with pytest.raises(RunRefusedError, match=f"2 .migrate. is {status}"):
        chosen([*steps, step("3", E)], E, known=known)
    found = select(steps, {"1": run(StepStatus.DONE), "2": run(status)}, M, releases=RELEASES, release="1.2")
    assert found.resumes
    assert [one.facts.label for one in select_begun(steps, {"2": run(status)}).steps] == ["2"]


@given(
    phases=st.lists(st.sampled_from(list(Phase)), max_size=8),
    statuses=st.lists(st.sampled_from([None, StepStatus.DONE, StepStatus.FAILED]), min_size=8, max_size=8),
    phase=st.sampled_from(list(Phase)),
)
def test_every_step_of_the_phase_runs_once_and_no_other(
    phases: list[Phase], statuses: list[StepStatus | None], phase: Phase
) -> None:
    steps = [step(str(place), one) for place, one in enumerate(phases)]
    known = {one.facts.label: run(status) for one, status in zip(steps, statuses, strict=False) if status is not None}
    try:
        found = select(steps, known, phase, releases=RELEASES, release="1.2")
    except RunRefusedError:
        missing = [one for one in steps if known.get(one.facts.label) != run(StepStatus.DONE)]
        assert any(one.facts.phase is not phase for one in missing)
        return
    wanted = [one for one in steps if one.facts.phase is phase and known.get(one.facts.label) != run(StepStatus.DONE)]
    assert list(found.steps) == wanted
