"""What the database itself says against a contract: who depends on what goes, publishes it, still runs; pure."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from migsafe.contracts.phase_gates import BACKUP_CHECK
from migsafe.contracts.values import Gate
from migsafe.model.phase import Part
from migsafe.phases.rollout import order_of
from migsafe.preflight.checks.publications import PUBLISHED
from migsafe.preflight.report import Weight

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from migsafe.contracts.values import Hold, TakenObject, Thresholds
    from migsafe.model.release import ReleaseHistory
    from migsafe.model.state import StateDocument, TargetName
    from migsafe.postgres.live_rows import Live
    from migsafe.postgres.radius import RadiusRows
    from migsafe.preflight.report import Reason

_DATABASE = "database"
_RELEASE_IN_NAME = re.compile(r"[^\w.+-]+")
#: Checks of a preflight whose answer is about the plan and not about this very moment.
_LASTING = frozenset({PUBLISHED, "subscribed-tables", "replication-slots", "row-security", "privileges"})


def there(objects: Mapping[int, TakenObject], wanted: Mapping[int, str]) -> Iterator[Gate]:
    """What is to go is there."""
    for at, label in wanted.items():
        if at not in objects:
            yield Gate("object-is-there", "fail", f"there is no {label} in this database", _DATABASE, label)


def dependents(
    rows: RadiusRows, objects: Mapping[int, TakenObject], removed: Collection[str], *, dropped: bool
) -> Iterator[Gate]:
    """Nobody may depend on it: views go on reading a renamed column, and a trigger that names it breaks every write.

    Args:
        removed: what the plan itself takes away on the way.
        dropped: it is gone in the end: a foreign key follows a renamed column, but neither a table out of reach, nor
            what is dropped.
    """
    found = False
    for one in rows.dependents:
        if not _is_removed(one.name, removed):
            found = True
            label = objects[one.place].label
            yield Gate("dependents", "fail", f"the {one.kind} {one.name} uses {label}", _DATABASE, one.name)
    for trigger in rows.triggers:
        if trigger.is_about_it and not _is_removed(trigger.name, removed):
            found = True
            column = objects[trigger.place].column
            text = f"the trigger {trigger.name} runs {trigger.function}, which names {column}: every write fails"
            if not trigger.body_names_it:
                text = f"the trigger {trigger.name} fires on UPDATE OF {column}: make it anew for what takes its place"
            yield Gate("dependents", "fail", text, _DATABASE, trigger.name)
    for key in rows.constraints:
        follows = objects[key.place].kind == "column" and not dropped
        if key.inbound and not follows and not _is_removed(key.name, removed):
            found = True
            text = f"the foreign key {key.name} of {key.table} points at {objects[key.place].label}"
            yield Gate("dependents", "fail", text, _DATABASE, key.name)
    if not found and objects:
        yield Gate("dependents", "pass", "no view, policy, trigger, generated column or foreign key uses it", _DATABASE)


def bodies(rows: RadiusRows, objects: Mapping[int, TakenObject], removed: Collection[str]) -> Iterator[Gate]:
    """Bodies of functions are text: a name in one may mean it, and then it fails when it is called."""
    for one in rows.functions:
        if one.name.partition("(")[0].rpartition(".")[2] not in removed:
            text = f"the body of {one.name} has the names of {objects[one.place].label}: if it means it, it fails"
            yield Gate("function-bodies", "acknowledge", text, _DATABASE, one.name)


def vanishing(rows: RadiusRows, objects: Mapping[int, TakenObject], *, dropped: bool) -> Iterator[Gate]:
    """Indexes of several columns go with one of them, and nobody is told."""
    for one in rows.indexes:
        if dropped and one.shared:
            what = "unique index" if one.unique else "index"
            text = f"the {what} {one.name} goes with {objects[one.place].label}, and serves more than that"
            yield Gate("index-dropped-with-column", "acknowledge", text, _DATABASE, one.name)


def from_preflight(reasons: Sequence[Reason], *, subscribers_ready: bool = False) -> Iterator[Gate]:
    """What a preflight finds that does not pass by itself; what does is asked again when the plan runs.

    Args:
        subscribers_ready: somebody says so, and whoever approves must believe it.
    """
    for one in reasons:
        if one.check not in _LASTING or one.passing:
            continue
        result = {Weight.NO_GO: "fail", Weight.UNKNOWN: "unknown"}.get(one.weight)
        hint = f" ({one.hint})" if one.hint and result else ""
        place = one.objects[0] if one.objects else one.node or ""
        if result == "fail":
            yield Gate(one.check, "fail", f"{one.text}{hint}", "preflight", place)
        elif result == "unknown":
            yield Gate(one.check, "unknown", f"{one.text}{hint}", "preflight", place)
        else:
            believed = subscribers_ready and one.check == PUBLISHED
            yield Gate(one.check, "acknowledge" if believed else "note", one.text, "preflight", place)


def sessions(nodes: Sequence[tuple[str, Live | None]], history: ReleaseHistory, floor: str | None) -> Iterator[Gate]:
    """No session of an older release on any node, as far as sessions say which release they are.

    Args:
        nodes: the server and its replicas, each with the name that people see; None for one that could not be asked.
        floor: the oldest release that works afterwards.
    """
    order = order_of(history)
    lowest = order.get(floor or "", 0)
    telling, older = 0, False
    for name, live in nodes:
        if live is None:
            text = f"{name} could not be asked which sessions it has"
            yield Gate("older-sessions", "unknown", text, _DATABASE, name)
            continue
        for backend in live.backends:
            release = _release_of(backend.application, order)
            telling += release is not None
            if release is not None and order[release] < lowest:
                older = True
                user = f" of {backend.user}" if backend.user else ""
                text = f"{release} is connected to {name}: pid {backend.pid}{user} ({backend.application})"
                yield Gate("older-sessions", "fail", text, _DATABASE, f"{name} {release}")
        if not live.role.sees_all and any(one.hidden for one in live.backends):
            text = f"this role does not see all sessions of {name}; GRANT pg_read_all_stats"
            yield Gate("older-sessions", "note", text, _DATABASE, name)
    if floor is None or floor not in order or older:
        return
    if not telling:
        text = "no session says its release in application_name, so that nobody sees one that is left (“shop 1.9.0”)"
        yield Gate("older-sessions", "note", text, _DATABASE)
    else:
        yield Gate("older-sessions", "pass", f"no session says that it is older than {floor}", _DATABASE)


def hold_gate(hold: Hold | None, part: Part | None, now: datetime, *, loses_data: bool) -> Iterator[Gate]:
    """What is purged has been in quarantine for long enough."""
    if part is not Part.PURGE and not loses_data:
        return
    if hold is None:
        text = "it was not in quarantine: what still needs it shows when it is gone"
        yield Gate("hold", "acknowledge", text, "tracker")
    elif hold.since is None or hold.until is None:
        yield Gate("hold", "unknown", "nobody has said since when it is in quarantine", "tracker")
    else:
        said = f"in quarantine since {hold.since:%Y-%m-%d %H:%M} UTC, for {hold.days} days at least"
        if now < hold.until:
            yield Gate("hold", "fail", f"{said}: until {hold.until:%Y-%m-%d %H:%M} UTC", "tracker")
        else:
            yield Gate("hold", "pass", said, "tracker")


def backup_gate(
    change: str, state: StateDocument, where: TargetName, now: datetime, thresholds: Thresholds, *, needed: bool
) -> Iterator[Gate]:
    """Before data goes: proof that a backup can be restored, recorded lately."""
    if not needed:
        return
    days = timedelta(seconds=thresholds.backup).days
    found = [one for one in state.checks if one.change == change and one.name == BACKUP_CHECK and one.where == where]
    last = max(found, key=lambda one: one.at, default=None)
    name, place = "backup-proof", str(where)
    command = f'migsafe record --check "{BACKUP_CHECK}" --change {change} --env {where.environment} --ok'
    if last is None:
        yield Gate(name, "unknown", f"nobody has said that a backup was restored ({command})", "tracker", place)
    elif not last.ok:
        yield Gate(name, "fail", f"a backup could not be restored on {last.at.date()}", "tracker", place)
    elif now - last.at > timedelta(seconds=thresholds.backup):
        text = f"the last backup was restored on {last.at.date()}, more than {days} days ago ({command})"
        yield Gate(name, "fail", text, "tracker", place)
    else:
        yield Gate(name, "pass", f"a backup was restored on {last.at.date()}", "tracker", place)


def _release_of(application: str, order: Mapping[str, int]) -> str | None:
    """The release that a session says: a word of its `application_name`, with or without a `v` before it."""
    for word in _RELEASE_IN_NAME.split(application):
        for name in (word, word.removeprefix("v"), word.rpartition("-")[2]):
            if name in order:
                return name
    return None


def _is_removed(name: str, removed: Collection[str]) -> bool:
    return name in removed or name.partition(" on ")[0] in removed or f"public.{name}" in removed
