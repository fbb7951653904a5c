"""The first pages of a version that is ready and has no traffic yet, asked of its instances past the proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.deploy.checks.context import Addressed
from migsafe.deploy.verdict import Result, Verdict
from migsafe.deploy.web import Question, WebAwayError, ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.deploy.probes import Probes
    from migsafe.deploy.provider import Provider

_TIMEOUT_S = 5.0


class Smoke:
    """Asks each instance of a version for liveness and the smoke paths; each must answer 2xx."""

    def __init__(self, provider: Provider, probes: Probes) -> None:
        self._provider = provider
        self._paths = tuple(dict.fromkeys((probes.liveness, *probes.smoke)))

    def ask(self, version: str) -> tuple[Verdict, ...]:
        """What came of it: one word for all pages that answered, and one for each that did not.

        An engine that does not know where instances answer by themselves cannot be asked past, which is said and no
        failure.
        """
        addresses = self._provider.addresses(version) if isinstance(self._provider, Addressed) else ()
        if not addresses:
            text = "not asked: this engine does not tell where instances answer by themselves"
            return (Verdict(check="smoke", result=Result.INCONCLUSIVE, text=text),)
        bad = tuple(_bad(addresses, self._paths))
        if bad:
            return bad
        text = f"{', '.join(self._paths)} answered on {len(addresses)} of {len(addresses)} instances"
        return (Verdict(check="smoke", result=Result.PASS, text=text),)


def _bad(addresses: tuple[str, ...], paths: tuple[str, ...]) -> Iterator[Verdict]:
    for address in addresses:
        for path in paths:
            if (why := _why(address + path)) is not None:
                yield Verdict(check="smoke", result=Result.FAIL, text=f"{path} at {address}: {why}")


def _why(url: str) -> str | None:
    """Why a page is not well; None where it is."""
    try:
        answer = ask(Question(url=url, timeout_s=_TIMEOUT_S))
    except WebAwayError as error:
        return error.message
    return None if 200 <= answer.status < 300 else f"status {answer.status}"
