"""The whole demo: opens what the story needs, plays it, draws the page, and leaves nothing behind."""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe import api
from migsafe.atomic import write_atomically
from migsafe.demo.ending import ending_in_order
from migsafe.demo.keeper import kept, tidy_up
from migsafe.demo.locks import LockWatch
from migsafe.demo.pace import paced_for
from migsafe.demo.page import render_page
from migsafe.demo.people import People
from migsafe.demo.recording import recorded
from migsafe.demo.site import BY, DATABASE, ENVIRONMENT, furnish, open_shop
from migsafe.demo.stage import Chapter, Stage, Told, play
from migsafe.demo.story import CHAPTERS
from migsafe.demo.telling import Ticker
from migsafe.demo.timeline import Figures, Timeline, figures
from migsafe.deploy.providers.local.engine import free_port
from migsafe.deploy.providers.local.haproxy import find_haproxy
from migsafe.errors import EnvironmentFailedError, UsageError
from migsafe.model.phase import Phase
from migsafe.shadow.account import Account
from migsafe.shadow.binaries import find_binaries
from migsafe.shadow.owned import OwnedFolder, sweep_folders
from migsafe.shadow.server import ThrowawayServer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from migsafe.demo.pace import Pace
    from migsafe.demo.site import Site
    from migsafe.demo.telling import Teller

_INSTALL = "pip install 'migsafe-toolkit[embedded,haproxy]'"
_PREFIX = "migsafe_demo-"
_SERVER = {"max_connections": "60"}
# The names go round, five of them: whose number is a multiple of 5 is Ada Lovelace.
_PEOPLE = """
INSERT INTO users (email, name)
SELECT 'person' || n || '@example.org',
       (ARRAY['Ada Lovelace', 'Grace Hopper', 'Edsger Dijkstra', 'Barbara Liskov', 'Teller'])[1 + n %% 5]
  FROM generate_series(1, %s) AS n
RETURNING 1
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """What came of the demo."""

    timeline: Timeline
    figures: Figures
    page: Path


def run_demo(
    teller: Teller, pace: Pace, page: Path, keep: Path | None = None, *, chapters: Sequence[Chapter] = CHAPTERS
) -> Shown:
    """Tell the whole story; nothing of it runs when this returns or raises.

    Args:
        page: where the timeline is drawn to.
        keep: a new folder in which the project, its tracker and its logs stay; all goes when None.
        chapters: those to tell after the first one, in this order.

    Raises:
        EnvironmentFailedError: when Postgres or HAProxy is missing, or does not start.
        UsageError: when the folder to keep is there already.
        MigsafeError: when a chapter does not come to its end.
    """
    check_machine()
    with ending_in_order() as stack:
        folder = _make_folder(stack, keep)
        stack.enter_context(kept(folder, remove=keep is None))
        timeline = _play(stack, teller, pace, folder, chapters)
    shown = Shown(timeline, figures(timeline), page)
    write_atomically(page, render_page(timeline))
    return shown


def check_machine() -> None:
    """Whether there is all that the demo needs.

    Raises:
        EnvironmentFailedError: when something is missing, with how to get it.
    """
    if sys.platform != "linux":
        raise EnvironmentFailedError("the demo runs on Linux", hint="in a container, or under WSL")
    try:
        find_haproxy()
    except EnvironmentFailedError as error:
        raise EnvironmentFailedError(error.message, hint=f"{_INSTALL}, or apt install haproxy") from None
    try:
        find_binaries(Account.current())
    except EnvironmentFailedError as error:
        hint = (error.hint or "").replace("[embedded]", "[embedded,haproxy]")
        raise EnvironmentFailedError(error.message, hint=hint) from None


def _play(stack: ExitStack, teller: Teller, pace: Pace, folder: Path, chapters: Sequence[Chapter]) -> Timeline:
    began = time.monotonic()
    teller.chapter("A shop at work", "A throw-away Postgres, two processes of v1 behind HAProxy, and people.")
    server = stack.enter_context(ThrowawayServer.start(settings=_SERVER))
    port = free_port()
    site = furnish(folder, server, port, pace)
    stack.callback(tidy_up, folder)
    teller.says(f"Postgres {server.version}, on a private socket")
    _begin(site, server, pace)
    teller.says(f"v1 listens on 127.0.0.1:{port}, with {pace.rows:,} people in its table")
    pace, asked = paced_for(pace, time.monotonic() - began), pace
    if pace != asked:
        site.tune(pace)
        teller.says(f"this machine is busy: each share of the traffic is watched for {pace.step:.1f} s only")
    teller.fact(f"people ask {pace.rate:.0f} times a second, from here to the end")
    told = Told(time.monotonic(), time.time())
    told.schema("as before")
    watch = stack.enter_context(LockWatch(server.connect(DATABASE), told.began))
    people = stack.enter_context(People(port, pace, told.began))
    stage = Stage(site=site, server=server, people=people, teller=teller, pace=pace, told=told)
    with Ticker(teller, lambda: _spell(people)):
        play(stage, chapters)
    people.go()
    told.end()
    return _timeline(stage, watch)


def _begin(site: Site, server: ThrowawayServer, pace: Pace) -> None:
    """The first migration, people in the table, and v1 in front of everybody."""
    api.tracker_upgrade(site.config, by=BY)
    where = api.Where(environment=ENVIRONMENT, create=True, protected=False)
    options = api.RunOptions(phase=Phase.EXPAND, release="v1", url=site.url, where=where)
    outcome = api.run_phase(options, site.config, by=BY)
    if outcome.problem is not None:
        raise outcome.problem
    with server.connect(DATABASE) as session:
        session.query(_PEOPLE, (pace.rows,))
        session.execute("ANALYZE users")
    open_shop(site)


def _timeline(stage: Stage, watch: LockWatch) -> Timeline:
    told = stage.told
    return Timeline(
        seconds=told.now,
        buckets=tuple(stage.people.buckets),
        looks=tuple(watch.looks),
        bands=tuple(told.bands),
        marks=tuple(sorted(told.marks, key=lambda one: one.at)),
        recorded=recorded(api.history(stage.site.config), told),
        back_ms=told.back_ms,
        why=told.why,
        refusals=told.refusals,
        waits=told.waits,
    )


def _spell(people: People) -> str:
    lately = people.lately()
    shares = ", ".join(f"{name} {100 * lately[name] / lately.total():.0f} %" for name in sorted(lately))
    return f"{people.answered:,} requests answered, {people.failed:,} failed; now {shares}"


def _make_folder(stack: ExitStack, keep: Path | None) -> Path:
    """A private folder: one that goes in the end, or the one that is to be kept."""
    place = Path(tempfile.gettempdir())
    sweep_folders(place, _PREFIX, tidy_up)  # of demos that were killed together with their keepers
    if keep is not None:
        try:
            keep.mkdir(mode=0o700)
        except OSError as error:
            hint = "name a new folder, in one that is there"
            raise UsageError(f"--keep: {keep} cannot be made: {error.strerror}", hint=hint) from None
        return keep.resolve()
    owned = OwnedFolder.make(place, _PREFIX)
    stack.callback(owned.remove)
    return owned.path.resolve()
