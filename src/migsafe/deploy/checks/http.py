"""`kind = "http"`: pages are asked for, and must answer as they should.

Keys: `url` (one or several; `env:NAME`; `{version}` is the version that is judged) or, where the engine knows the
addresses of instances, `paths` (the smoke probes, else the readiness probe); `status` (any 2xx), `contains`,
`max_time`, `tries` (3), `pause` (200ms), `timeout` (3s).

A page that fails all its tries fails the candidate, unless the stable version fails it too: then it is something that
both need, and nobody's fault.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from migsafe.config.values import BadValue
from migsafe.deploy.addresses import Address, read_address
from migsafe.deploy.checks.anew import AskedAnew
from migsafe.deploy.checks.context import Addressed, judged_version
from migsafe.deploy.checks.judging import Judgement
from migsafe.deploy.verdict import Result
from migsafe.deploy.web import Answer, Question, WebAwayError, ask, is_web_address, server_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.deploy.checks.context import CheckContext
    from migsafe.deploy.tables import Table
    from migsafe.deploy.verdict import Check, Window

_PLACE = re.compile(r"\{(\w+)\}")
_VERSION = "version"


class Page(NamedTuple):
    """What is asked for.

    Attributes:
        shown: as a person may see it.
        key: what it has in common with the same page of another version or instance.
    """

    url: str
    shown: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an answer must be.

    Attributes:
        statuses: one of these; any 2xx where empty.
        contains: a text that it holds.
        max_time_s: how long it may take.
    """

    statuses: tuple[int, ...] = ()
    contains: str | None = None
    max_time_s: float | None = None

    def fault_of(self, answer: Answer) -> str | None:
        """What is wrong with an answer; None where nothing is."""
        fits = answer.status in self.statuses if self.statuses else 200 <= answer.status < 300
        if not fits:
            wanted = " or ".join(map(str, self.statuses)) or "2xx"
            target = answer.headers.get("location")
            away = f", to {server_of(target)}" if target and is_web_address(target) else ""
            return f"status {answer.status}{away}, not {wanted}"
        if self.contains is not None and self.contains not in answer.text:
            return f'"{self.contains}" is not in the answer'
        if self.max_time_s is not None and answer.seconds > self.max_time_s:
            return f"took {answer.seconds * 1000:.0f} ms, more than {self.max_time_s * 1000:.0f} ms"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """How often and how patiently a page is asked for; seconds."""

    times: int = 3
    pause_s: float = 0.2
    timeout_s: float = 3.0


def open_check(table: Table, context: CheckContext) -> Check:
    """The check that one `[[check]]` describes.

    Raises:
        ConfigurationError: when a key is unknown, missing or wrong, or a variable is not set.
    """
    name = table.text("name")
    pages = _given_pages(table, context) if table.has("url") else _known_pages(table, context)
    wanted = Wanted(
        statuses=table.wholes("status", (), at_least=100, at_most=599),
        contains=table.text("contains", None),
        max_time_s=table.duration_s("max_time", None),
    )
    usual = Tries()
    tries = Tries(
        times=table.whole("tries", usual.times, at_least=1),
        pause_s=table.duration_s("pause", usual.pause_s),
        timeout_s=table.duration_s("timeout", usual.timeout_s),
    )
    table.done()
    return HttpCheck(name, pages, wanted, tries, context.sleep)


class HttpCheck(AskedAnew):
    """Asks for pages of the version that is judged."""

    def __init__(
        self,
        name: str,
        pages: Callable[[str], tuple[Page, ...]],
        wanted: Wanted,
        tries: Tries,
        sleep: Callable[[float], None],
    ) -> None:
        """
        Args:
            pages: those of a version.
        """
        super().__init__(name)
        self._pages = pages
        self._wanted = wanted
        self._tries = tries
        self._sleep = sleep

    def _judge(self, window: Window) -> Judgement:
        version = judged_version(window)
        if version is None:
            return Judgement(Result.INCONCLUSIVE, "there is no version to ask")
        pages = self._pages(version)
        if not pages:
            return Judgement(Result.INCONCLUSIVE, f"{version} has no instance to ask")
        for page in pages:
            judged = self._look(page)
            if judged.result is Result.FAIL:
                return self._blame(window, page, judged)
            if judged.result is Result.INCONCLUSIVE:
                return judged
        return Judgement(Result.PASS, ", ".join(page.shown for page in pages) + " as wanted")

    def _look(self, page: Page) -> Judgement:
        fault = ""
        for number in range(self._tries.times):
            if number:
                self._sleep(self._tries.pause_s)
            try:
                found = self._wanted.fault_of(ask(Question(url=page.url, timeout_s=self._tries.timeout_s)))
            except WebAwayError as error:
                if error.is_here:
                    return Judgement(Result.INCONCLUSIVE, error.message)
                found = error.message
            if found is None:
                return Judgement(Result.PASS, "")
            fault = found
        times = f" ({self._tries.times} tries)" if self._tries.times > 1 else ""
        return Judgement(Result.FAIL, f"{page.shown}: {fault}{times}")

    def _blame(self, window: Window, page: Page, judged: Judgement) -> Judgement:
        """A failed page of the candidate is its own fault, where the stable version answers it well."""
        if window.stable is None or not 0 < window.weight < 100:
            return judged
        others = [one for one in self._pages(window.stable) if one.key == page.key and one.url != page.url]
        if not others or self._look(others[0]).result is Result.PASS:
            return judged
        return Judgement(Result.INCONCLUSIVE, f"{judged.text}; the stable version fails it too")


def _given_pages(table: Table, context: CheckContext) -> Callable[[str], tuple[Page, ...]]:
    """Pages as the file names them."""
    addresses = [_address(table, said) for said in table.texts("url")]
    templates = [(one.resolve(context.environ), one.variable is not None) for one in addresses]
    for template, _ in templates:
        _check_template(table, template)
    if table.has("paths"):
        raise table.error("paths", "url is given too", "write whole addresses into url")

    def pages(version: str) -> tuple[Page, ...]:
        return tuple(_filled(template, version, hidden=hidden) for template, hidden in templates)

    return pages


def _known_pages(table: Table, context: CheckContext) -> Callable[[str], tuple[Page, ...]]:
    """Paths on every instance of a version."""
    provider = context.provider
    if not isinstance(provider, Addressed):
        raise table.error("url", "missing: this provider does not know the addresses of instances")
    paths = table.texts("paths", context.probes.smoke or (context.probes.readiness,))
    for path in paths:
        if not is_web_address(f"http://instance{path}") or not path.startswith("/"):
            raise table.error("paths", f'"{path}" is no path', "it begins with a slash")

    def pages(version: str) -> tuple[Page, ...]:
        places = [address.rstrip("/") for address in provider.addresses(version)]
        return tuple(Page(place + path, place + path, path) for path in paths for place in places)

    return pages


def _address(table: Table, said: str) -> Address:
    try:
        return read_address(said, table.words("url"))
    except BadValue as bad:
        raise table.error("url", f"its value must be {bad.allowed}", bad.hint) from None


def _check_template(table: Table, template: str) -> None:
    unknown = next((place for place in _PLACE.findall(template) if place != _VERSION), None)
    if unknown is not None:
        raise table.error("url", f"{{{unknown}}} stands for nothing", "{version} is the version that is judged")
    if not is_web_address(template.replace(f"{{{_VERSION}}}", "v")):
        raise table.error("url", "must be an address that begins with http:// or https://")


def _filled(template: str, version: str, *, hidden: bool) -> Page:
    url = template.replace(f"{{{_VERSION}}}", quote(version, safe=""))
    return Page(url, server_of(url) if hidden else url, template)
