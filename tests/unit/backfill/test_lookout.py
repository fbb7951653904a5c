"""How far behind a standby is, by what the primary had written when."""

from __future__ import annotations

from migsafe.backfill.lookout import WalMarks


def test_one_that_has_replayed_everything_is_not_behind() -> None:
    marks = WalMarks()
    marks.note(10.0, 500)
    assert marks.lag_s(90.0, 500) == 0.0
    assert marks.lag_s(90.0, 900) == 0.0


def test_one_that_lacks_what_was_written_then() -> None:
    marks = WalMarks()
    for moment, place in ((10.0, 500), (11.0, 600), (12.0, 600), (13.0, 700)):
        marks.note(moment, place)
    assert marks.lag_s(14.0, 500) == 3.0
    assert marks.lag_s(14.0, 650) == 1.0


def test_an_idle_primary_does_not_make_it_late() -> None:
    marks = WalMarks()
    for moment in range(100):
        marks.note(float(moment), 500)
    assert marks.lag_s(100.0, 500) == 0.0


def test_what_nobody_can_tell() -> None:
    marks = WalMarks()
    assert marks.lag_s(1.0, 500) is None, "nobody has looked at the primary"
    marks.note(2.0, 500)
    assert marks.lag_s(3.0, None) is None, "it is hidden, or no standby"
    assert marks.lag_s(3.0, 400) is None, "it was behind before anybody looked"
