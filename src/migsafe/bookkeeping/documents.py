"""The tracker as a document, out and in again; its chain, proved; its events, listed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.bookkeeping.place import open_tracker, tracker_address
from migsafe.evidence.state import read_state_file, state_key, verify_integrity, write_state
from migsafe.tracker.events import Event, Proof, prove
from migsafe.tracker.importing import Imported, Preference, import_state
from migsafe.tracker.reading import read_known
from migsafe.tracker.rights import rewriters

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from migsafe.config import Config
    from migsafe.tracker.facts import Author


@dataclass(frozen=True, slots=True)
class Exported:
    """A document, sealed.

    Attributes:
        left_out: steps that it cannot hold, because nobody has said their phase.
        signed: whether it has an HMAC.
    """

    text: str
    left_out: tuple[str, ...]
    signed: bool


def export_state(config: Config, *, clock: Callable[[], datetime] | None = None) -> Exported:
    """What the tracker knows, as `migsafe.state/1`; with an HMAC where `state_key` is set."""
    key = state_key(config.state_key, os.environ)
    tracker = open_tracker(config, clock=clock)
    with tracker.reading() as ledger:
        known = read_known(ledger, tracker.clock())
    left_out = tuple(step.label for step in known.unphased)
    return Exported(write_state(known.state, key=key), left_out, key is not None)


def take_over_state(
    file: Path,
    author: Author,
    config: Config,
    *,
    prefer: Preference | None = None,
    reason: str | None = None,
    clock: Callable[[], datetime] | None = None,
) -> Imported:
    """Take a document over into the tracker.

    Raises:
        StateError: when it is none, or not the one that was sealed.
        TrackerRefusedError: when the tracker knows something otherwise, and nobody says who is believed.
    """
    document = read_state_file(file)
    verify_integrity(document, state_key(config.state_key, os.environ))
    tracker = open_tracker(config, clock=clock)
    with tracker.writing(author) as store:
        return import_state(store, document, tracker.clock(), prefer=prefer, reason=reason)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the chain of events was found to be.

    Attributes:
        place: where the tracker is, for people.
        rewriters: who could write the whole chain anew, one sentence each.
    """

    place: str
    proof: Proof
    rewriters: tuple[str, ...]


def check_tracker(config: Config, *, anchor: str | None = None) -> Checked:
    """Prove the chain of events, and see who could write a whole one anew.

    Args:
        anchor: a hash that was kept elsewhere.

    Raises:
        TrackerBrokenError: when it is not the one that was written.
    """
    with open_tracker(config).reading() as ledger:
        return Checked(tracker_address(config).shown, prove(ledger.events(), anchor), rewriters(ledger))


def read_history(config: Config, *, since: datetime | None = None, environment: str | None = None) -> tuple[Event, ...]:
    """Events, the oldest first.

    Args:
        since: only those from then on.
        environment: only those of it.
    """
    from migsafe.tracker.ledger import when

    with open_tracker(config, environment).reading() as ledger:
        if environment is not None:
            from migsafe.tracker.names import Names

            Names(ledger).environment(environment)
        return tuple(ledger.events(*when(since, environment)))
