"""A backfill in words, for people, and as a document, for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.backfill.rehearsal import Rehearsal
    from migsafe.backfill.task import BackfillResult, Progress

_PROGRESS = "migsafe.backfill-progress/1"
_MOST = 5


def progress_line(progress: Progress) -> str:
    """How far it has come, in one line."""
    share = "" if progress.share is None else f"{100 * progress.share:.1f} %, "
    left = "" if progress.left_s is None else f", {spell_time(progress.left_s)} left"
    held = f", held for {_percent(progress)} % of the time" if progress.held_s >= 1 else ""
    line = f"{share}{progress.rows_written} rows written, {progress.rows_per_s:.0f} rows/s{left}{held}"
    return line if progress.held_by is None else f"{line}; waits: {progress.held_by}"


def progress_document(progress: Progress) -> dict[str, Any]:
    """The same as values that JSON knows."""
    return {"schema": _PROGRESS, **_rounded(asdict(progress))}


def result_lines(name: str, result: BackfillResult) -> Iterator[str]:
    """What became of it, the outcome first."""
    progress = result.progress
    if result.already:
        yield f"{name}: it has come to its end before; its checks were made again"
    elif result.finished:
        written = f"{progress.rows_written} of {progress.rows_seen} rows written"
        yield f"{name}: done, {written} in {progress.batches} batches"
    else:
        yield f"{name}: stopped, {progress_line(progress)}; the same command goes on from there"
    if progress.held_s >= 1:
        yield f"  it waited for {spell_time(progress.held_s)} of {spell_time(progress.run_s)}"
        yield from (f"    {spell_time(seconds)}: {reason}" for reason, seconds in result.reasons[:_MOST])
    for check in result.checks:
        verdict = {True: "holds", False: "does not hold", None: "not checked"}[check.ok]
        yield f"  {verdict}: {check.name}{'' if check.ok else f' ({check.observed})'}"
    if progress.rows_bad:
        yield f"  {progress.rows_bad} row{'' if progress.rows_bad == 1 else 's'} set aside:"
        yield from (f"    {row.key}: {row.error}" for row in result.bad_rows[:_MOST])
    yield from (f"  {note}" for note in result.notes)


def result_document(result: BackfillResult) -> dict[str, Any]:
    """The same as values that JSON knows."""
    return {
        "finished": result.finished,
        "already": result.already,
        "ok": result.ok,
        "progress": _rounded(asdict(result.progress)),
        "waited_for": [{"reason": reason, "seconds": round(seconds, 1)} for reason, seconds in result.reasons],
        "checks": [asdict(check) for check in result.checks],
        "bad_rows": [asdict(row) for row in result.bad_rows],
        "notes": list(result.notes),
    }


def rehearsal_lines(name: str, found: Rehearsal) -> Iterator[str]:
    """What a run would do."""
    yield f"{name}: about {found.rows} rows in {len(found.shards)} range{'' if len(found.shards) == 1 else 's'}"
    for shard in found.shards[:_MOST]:
        place = f", behind {', '.join(shard.place)}" if shard.place and found.resumes else ""
        yield f"  {'.'.join(shard.table)}: {', '.join(shard.low)} to {', '.join(shard.high)}, {shard.state}{place}"
    if len(found.shards) > _MOST:
        yield f"  and {len(found.shards) - _MOST} more"
    if found.plan:
        yield "the first batch:"
        yield from (f"  {line}" for line in found.plan)
    yield from (f"each row that is written fires the trigger {trigger}" for trigger in found.triggers)
    yield from (f"each row that is written goes to the subscribers of {name}" for name in found.publications)
    for check in found.checks:
        yield f"{'holds' if check.ok else 'does not hold'}: {check.name}"


def rehearsal_document(found: Rehearsal) -> dict[str, Any]:
    """The same as values that JSON knows."""
    values = {name: getattr(found, name) for name in ("rows", "resumes", "plan", "triggers", "publications", "checks")}
    shards = [
        {"table": list(one.table), "low": one.low, "high": one.high, "place": one.place, "state": one.state.value}
        for one in found.shards
    ]
    return {**values, "ranges": shards, "refusal": None if found.refusal is None else found.refusal.message}


def spell_time(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 20 min`."""
    whole = round(seconds)
    if whole < 90:
        return f"{whole} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def _percent(progress: Progress) -> int:
    return round(100 * progress.held_s / progress.run_s) if progress.run_s else 0


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}
