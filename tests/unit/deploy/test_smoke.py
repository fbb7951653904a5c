from __future__ import annotations

from dataclasses import dataclass

from deploy_engines import Engine
from loopback import Asked, Says, serving
from migsafe.deploy.probes import Probes
from migsafe.deploy.smoke import Smoke
from migsafe.deploy.verdict import Result

PROBES = Probes(readiness="/readyz", liveness="/livez", smoke=("/", "/cart"))


@dataclass
class Addressing(Engine):
    """An engine that knows where instances answer."""

    instances: tuple[str, ...] = ()

    def addresses(self, version: str) -> tuple[str, ...]:
        """Of one version alone."""
        return self.instances if version == "1.9.0" else ()


def test_every_page_of_every_instance_is_asked() -> None:
    with serving(lambda asked: Says()) as one, serving(lambda asked: Says()) as other:
        (verdict,) = Smoke(Addressing(instances=(one.url, other.url)), PROBES).ask("1.9.0")
    assert (verdict.result, verdict.text) == (Result.PASS, "/livez, /, /cart answered on 2 of 2 instances")
    assert [each.path for each in one.asked] == [each.path for each in other.asked] == ["/livez", "/", "/cart"]


def test_one_page_of_one_instance_that_fails_is_enough() -> None:
    def answer(asked: Asked) -> Says:
        return Says(500) if asked.path == "/cart" else Says()

    with serving(lambda asked: Says()) as one, serving(answer) as other:
        (verdict,) = Smoke(Addressing(instances=(one.url, other.url)), PROBES).ask("1.9.0")
        assert (verdict.result, verdict.text) == (Result.FAIL, f"/cart at {other.url}: status 500")


def test_an_instance_that_is_gone_fails() -> None:
    with serving(lambda asked: Says()) as server:
        gone = server.url
    verdicts = Smoke(Addressing(instances=(gone,)), PROBES).ask("1.9.0")
    assert {one.result for one in verdicts} == {Result.FAIL}


def test_what_cannot_be_asked_is_said_and_no_failure() -> None:
    for engine in (Engine(), Addressing(instances=())):
        (verdict,) = Smoke(engine, PROBES).ask("1.9.0")
        assert (verdict.result, verdict.text[:9]) == (Result.INCONCLUSIVE, "not asked")
