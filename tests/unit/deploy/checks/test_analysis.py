"""Checks that are asked at the same time, and some of them hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from check_cases import window
from migsafe.deploy.checks.analysis import Analysis
from migsafe.deploy.redaction import Redaction
from migsafe.deploy.verdict import Result, Verdict, Window
from migsafe.errors import EnvironmentFailedError

PASS, FAIL, UNKNOWN = Result.PASS, Result.FAIL, Result.INCONCLUSIVE
#: What a test waits for something that never comes, and for something that must come.
SHORT, LONG = 0.05, 20.0
RUNNING, OVER = window(over=False), window(over=True)


@dataclass
class Stub:
    """Answers with its results, the last one for ever; waits at its gate first."""

    name: str
    results: list[Result | Exception] = field(default_factory=lambda: [PASS])
    gate: threading.Event | None = None
    begin_fails: int = 0
    begun: int = 0
    asked: list[Window] = field(default_factory=list)
    closed: bool = False
    entered: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def begin(self) -> None:
        self.begun += 1
        if self.begun <= self.begin_fails:
            raise EnvironmentFailedError("not today")

    def judge(self, asked: Window) -> Verdict:
        self.asked.append(asked)
        self.entered.release()
        if self.gate is not None:
            assert self.gate.wait(LONG)
        result = self.results.pop(0) if len(self.results) > 1 else self.results[0]
        if isinstance(result, Exception):
            raise result
        return Verdict(check=self.name, result=result, text="so")

    def close(self) -> None:
        self.closed = True
        if self.gate is not None:
            self.gate.set()


@contextmanager
def analysis(*stubs: Stub, patience_s: float = LONG, glance_s: float = LONG) -> Iterator[Analysis]:
    found = Analysis(stubs, patience_s=patience_s, glance_s=glance_s)
    try:
        yield found
    finally:
        found.close()


def results(verdicts: tuple[Verdict, ...]) -> list[Result]:
    return [one.result for one in verdicts]


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + LONG
    while not is_so():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.002)


def hangs(name: str = "slow", *results: Result | Exception) -> Stub:
    return Stub(name, list(results) or [PASS], gate=threading.Event())


def test_verdicts_come_in_the_order_of_the_checks() -> None:
    with analysis(Stub("a"), Stub("b", [UNKNOWN]), Stub("c")) as found:
        found.begin()
        verdicts = found.judge(OVER)
    assert found.names == ("a", "b", "c")
    assert [(one.check, one.result) for one in verdicts] == [("a", PASS), ("b", UNKNOWN), ("c", PASS)]


def test_without_checks_nothing_is_wrong() -> None:
    with analysis() as found:
        found.begin()
        assert found.judge(OVER) == ()


def test_checks_are_asked_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=LONG)

    class Meets(Stub):
        def judge(self, asked: Window) -> Verdict:
            meeting.wait()
            return super().judge(asked)

    with analysis(Meets("a"), Meets("b"), Meets("c")) as found:
        assert results(found.judge(OVER)) == [PASS, PASS, PASS]


def test_one_that_hangs_is_inconclusive_and_holds_nobody_up() -> None:
    slow = hangs()
    with analysis(slow, Stub("quick"), patience_s=SHORT) as found:
        verdicts = found.judge(OVER)
    assert results(verdicts) == [UNKNOWN, PASS]
    assert verdicts[0].text == "it has not answered in time"


def test_a_failure_is_told_at_once_whoever_hangs() -> None:
    with analysis(hangs(), Stub("broken", [FAIL])) as found:  # it would wait for LONG else
        began = time.monotonic()
        verdicts = found.judge(OVER)
        assert time.monotonic() - began < LONG / 2
    assert results(verdicts) == [UNKNOWN, FAIL]
    assert verdicts[0].text == "not waited for: another check has failed"


def test_while_a_window_lasts_only_a_glance_is_given() -> None:
    slow = hangs()
    with analysis(slow, glance_s=SHORT) as found:
        began = time.monotonic()
        assert results(found.judge(RUNNING)) == [UNKNOWN]
        assert time.monotonic() - began < LONG / 2
        slow.close()
        assert results(found.judge(OVER)) == [PASS]


def test_one_that_hangs_is_asked_once_and_not_again_and_again() -> None:
    slow = hangs()
    with analysis(slow, patience_s=SHORT) as found:
        for _ in range(3):
            found.judge(RUNNING)
        assert len(slow.asked) == 1


def test_a_failure_that_comes_late_is_told_at_the_next_look() -> None:
    slow = hangs("slow", FAIL, PASS)
    with analysis(slow, glance_s=SHORT) as found:
        assert results(found.judge(RUNNING)) == [UNKNOWN]
        slow.close()
        wait_until(lambda: all(not thread.name.startswith("check slow") for thread in threading.enumerate()))
        assert results(found.judge(RUNNING)) == [FAIL]
        assert len(slow.asked) == 1
        assert results(found.judge(RUNNING)) == [PASS]


def test_a_late_answer_of_another_window_is_nobodys() -> None:
    slow = hangs("slow", FAIL, PASS)
    with analysis(slow, glance_s=SHORT) as found:
        found.begin()
        assert results(found.judge(RUNNING)) == [UNKNOWN]
        found.begin()  # the next window, while the look at the one before still hangs
        slow.close()
        assert results(found.judge(OVER)) == [PASS]
    assert slow.begun == 2


def test_what_nobody_could_tell_before_is_asked_again_once_the_window_is_over() -> None:
    slow = hangs("slow", UNKNOWN, PASS)
    with analysis(slow, glance_s=SHORT) as found:
        found.judge(RUNNING)
        slow.close()
        assert results(found.judge(OVER)) == [PASS]
    assert slow.asked == [RUNNING, OVER]


def test_an_inconclusive_end_is_asked_once() -> None:
    check = Stub("a", [UNKNOWN])
    with analysis(check) as found:
        assert results(found.judge(OVER)) == [UNKNOWN]
    assert check.asked == [OVER]


@pytest.mark.parametrize(
    ("error", "said"),
    [(ZeroDivisionError("by nothing"), "ZeroDivisionError: by nothing"), (EnvironmentFailedError("away"), "away")],
)
def test_a_check_that_raises_is_inconclusive(error: Exception, said: str) -> None:
    with analysis(Stub("bad", [error]), Stub("good")) as found:
        verdicts = found.judge(OVER)
    assert results(verdicts) == [UNKNOWN, PASS]
    assert verdicts[0].text == f"the check itself has failed: {said}"


def test_a_beginning_that_failed_is_made_again() -> None:
    check = Stub("a", begin_fails=1)
    with analysis(check) as found:
        found.begin()
        assert results(found.judge(OVER)) == [PASS]
    assert (check.begun, check.asked) == (2, [OVER])


def test_a_beginning_comes_before_the_first_look() -> None:
    check = Stub("a")
    with analysis(check) as found:
        found.begin()
        assert (check.begun, check.asked) == (1, [])
        found.judge(RUNNING)
        found.judge(OVER)
    assert (check.begun, check.asked) == (1, [RUNNING, OVER])


def test_texts_have_no_secrets_and_stand_on_one_line() -> None:
    class Talks(Stub):
        def judge(self, asked: Window) -> Verdict:
            text = "at postgresql://me:hush@db/shop\n with s3cr3t \x1b[31m"
            return replace(super().judge(asked), text=text)

    found = Analysis([Talks("a")], redaction=Redaction(["s3cr3t"]))
    (verdict,) = found.judge(OVER)
    assert verdict.text == "at postgresql://me:***@db/shop with *** ␛[31m"


def test_closing_closes_what_can_be_closed() -> None:
    class Plain:
        name = "plain"

        def begin(self) -> None:
            """Nothing."""

        def judge(self, _: Window) -> Verdict:
            return Verdict(check="plain", result=PASS, text="so")

    stub = Stub("a")
    Analysis([stub, Plain()]).close()
    assert stub.closed
