"""`kind = "proxy"`: the engine's own counts of each side's answers, hidden failures included.

Keys: `max_error_rate` (0.02), `max_delta` (0.01), `min_requests` (100).
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from migsafe.deploy.checks.growth import Growth
from migsafe.deploy.checks.judging import Judgement, RateLimits, judge_alone, judge_rates, read_rate_limits
from migsafe.deploy.provider import Counting
from migsafe.deploy.verdict import Result, Verdict
from migsafe.errors import MigsafeError

if TYPE_CHECKING:
    from migsafe.deploy.checks.context import CheckContext
    from migsafe.deploy.tables import Table
    from migsafe.deploy.verdict import Check, Window


def open_check(table: Table, context: CheckContext) -> Check:
    """The check that one `[[check]]` describes.

    Raises:
        ConfigurationError: when a key is unknown or wrong, or the engine counts nothing.
    """
    name, limits = table.text("name"), read_rate_limits(table)
    table.done()
    if not isinstance(context.provider, Counting):
        raise table.error(
            "kind", "this provider counts no answers", "ask who counts them: kind = prometheus, cloudwatch or command"
        )
    return ProxyCheck(name, context.provider, limits)


class ProxyCheck:
    """The error rates of both sides, since the window began."""

    def __init__(self, name: str, engine: Counting, limits: RateLimits) -> None:
        self._name = name
        self._engine = engine
        self._limits = limits
        self._growth: Growth | None = None

    @property
    def name(self) -> str:
        """As deploy.toml calls it."""
        return self._name

    def begin(self) -> None:
        """Remember where the counters stand; when the engine is away, the first answer is where they stand."""
        self._growth = None
        with suppress(MigsafeError):
            self._growth = Growth(self._engine.counts())

    def judge(self, window: Window) -> Verdict:
        """The verdict on what was counted since `begin`."""
        result, text = self._judge(window)
        return Verdict(check=self._name, result=result, text=text)

    def _judge(self, window: Window) -> Judgement:
        try:
            now = self._engine.counts()
        except MigsafeError as error:
            return Judgement(Result.INCONCLUSIVE, f"the counts cannot be read: {error.message}")
        if self._growth is None:
            self._growth = Growth(now)
        done = self._growth.read(now)
        if window.weight == 0:
            return judge_alone(done.get("stable"), self._limits, over=window.over)
        candidate, stable = done.get("candidate"), done.get("stable")
        return judge_rates(candidate, stable, self._limits, weight=window.weight, over=window.over)
