from __future__ import annotations

from migsafe.deploy.rollout import Desired, Kind, Order, Pace, make_rollout, order_of, rehearsal_of, without_soak

PACE = Pace(soak=30, step=60, bake=600)


def test_a_canary_goes_from_share_to_share() -> None:
    rollout = make_rollout("1.8.0", "1.9.0", (5, 50, 100), PACE)
    assert [(step.n, step.kind, step.desired, step.seconds) for step in rollout.steps] == [
        (1, Kind.SOAK, Desired("1.8.0", None), 30),
        (2, Kind.STAGE, Desired("1.8.0", "1.9.0", 0), 0),
        (3, Kind.SHIFT, Desired("1.8.0", "1.9.0", 5), 60),
        (4, Kind.SHIFT, Desired("1.8.0", "1.9.0", 50), 60),
        (5, Kind.SHIFT, Desired("1.8.0", "1.9.0", 100), 60),
        (6, Kind.PROMOTE, Desired("1.9.0", "1.8.0", 0), 0),
        (7, Kind.BAKE, Desired("1.9.0", "1.8.0", 0), 600),
        (8, Kind.RETIRE, Desired("1.9.0", None), 0),
    ]


def test_an_engine_that_cannot_stage_is_not_asked_to() -> None:
    rollout = make_rollout("1.8.0", "1.9.0", (100,), Pace(), stages=False)
    assert [step.kind for step in rollout.steps] == [Kind.SHIFT, Kind.PROMOTE, Kind.RETIRE]


def test_a_first_version_has_nothing_to_go_back_to_or_to_retire() -> None:
    rollout = make_rollout(None, "1.0", (100,), PACE)
    assert [step.kind for step in rollout.steps] == [Kind.STAGE, Kind.SHIFT, Kind.PROMOTE]


def test_a_rehearsal_ends_at_the_first_share() -> None:
    rehearsal = rehearsal_of(make_rollout("1.8.0", "1.9.0", (5, 50, 100), PACE))
    assert [step.kind for step in rehearsal.steps] == [Kind.SOAK, Kind.STAGE, Kind.SHIFT]


def test_what_is_known_to_be_unwell_is_not_watched_first() -> None:
    urgent = without_soak(make_rollout("1.9.0", "1.8.0", (100,), PACE))
    assert [(step.n, step.kind) for step in urgent.steps] == list(
        enumerate([Kind.STAGE, Kind.SHIFT, Kind.PROMOTE, Kind.BAKE, Kind.RETIRE], start=1)
    )
    assert without_soak(urgent) == urgent


def test_what_an_engine_is_told() -> None:
    rollout = make_rollout("1.8.0", "1.9.0", (5, 100), PACE)
    assert [order_of(rollout, step) for step in rollout.steps] == [
        None,
        Order("stage", "1.9.0"),
        Order("shift", "1.9.0", 5),
        Order("shift", "1.9.0", 100),
        Order("promote", "1.9.0"),
        None,
        Order("retire", "1.8.0"),
    ]
