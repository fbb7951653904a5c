"""From `migsafe.state/1` to values. What it does not know, a later version may have added: it is kept as `unread`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from migsafe.errors import PathNotFoundError
from migsafe.evidence.state.canonical import canonical
from migsafe.evidence.state.consistency import check_consistency
from migsafe.evidence.state.errors import StateError
from migsafe.evidence.state.fields import Fields
from migsafe.evidence.state.integrity import verify_integrity
from migsafe.evidence.state.writing import SCHEMA, write_state
from migsafe.model.dialect import Dialect
from migsafe.model.phase import Part, Phase
from migsafe.model.plan import ChangeKind
from migsafe.model.state import (
    Chain,
    Change,
    ChangeState,
    Check,
    Environment,
    KnownRelease,
    NodeReading,
    Rollout,
    RolloutStatus,
    Run,
    Seal,
    StateDocument,
    StatisticsFact,
    Step,
    StepStatus,
    Target,
)
from migsafe.model.usage import Use

if TYPE_CHECKING:
    from pathlib import Path

_HEX = "[0-9a-f]{64}"


def read_state(text: str) -> StateDocument:
    """Read a state document, and hold it against its digest; its HMAC is for `verify_integrity`.

    Raises:
        StateError: when it is no such document, says what cannot be, or does not fit its digest; one line, which
            begins with the JSON path.
    """
    root = Fields.of(_parsed(text), "$")
    document = replace(_document(root), seal=_seal(root))
    check_consistency(document)
    verify_integrity(document)
    return replace(document, unread=tuple(root.unread()))


def seal(text: str, *, key: bytes | None = None) -> str:
    """A document that a person has written, with the digest that it must have, and in the form that migsafe writes.

    Members that migsafe does not know are not kept.

    Raises:
        StateError: when it is no state document, or says what cannot be.
    """
    document = _document(Fields.of(_parsed(text), "$"))
    check_consistency(document)
    return write_state(document, key=key)


def read_state_file(path: Path) -> StateDocument:
    """Read a state document from a file; messages begin with the file's path.

    Raises:
        PathNotFoundError: when there is no such file.
        StateError: see `read_state`.
    """
    try:
        return read_state(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PathNotFoundError(f"no state document at {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StateError(f"{path} cannot be read: {error}") from None
    except StateError as error:
        raise type(error)(f"{path}: {error.message}", hint=error.hint) from None


def _parsed(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, object_pairs_hook=_without_repetition, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise StateError(f"$: no JSON: {error}") from None
    found = value.get("schema") if isinstance(value, dict) else None
    if found != SCHEMA:
        raise StateError(f'$.schema: {json.dumps(found)[:40]} is not "{SCHEMA}"')
    assert isinstance(value, dict)
    return value


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Which of two equal members counts, readers do not agree on."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise StateError(f"$: the member {json.dumps(twice)} is there twice in one object")
    return members


def _no_number(word: str) -> None:
    raise StateError(f"$: {word} is no number of JSON")


def _seal(root: Fields) -> Seal:
    return Seal(
        body=canonical(root.value),
        digest=root.pattern("digest", f"sha256:{_HEX}", "sha256: and 64 hexadecimal digits"),
        hmac=root.pattern_or_none("hmac", f"hmac-sha256:{_HEX}", "hmac-sha256: and 64 hexadecimal digits"),
    )


def _document(root: Fields) -> StateDocument:
    root.asked.update(("schema", "migsafe", "digest", "hmac"))
    chain = root.member("chain")
    return StateDocument(
        exported=root.time("exported"),
        installation=root.text("installation"),
        chain=Chain(chain.pattern("head", _HEX, "64 hexadecimal digits"), chain.whole("events") or 0),
        releases=tuple(KnownRelease(each.text("name"), each.day_or_none("day")) for each in root.objects("releases")),
        environments=tuple(_environment(each) for each in root.objects("environments")),
        changes=tuple(_change(each) for each in root.objects("changes")),
        steps=tuple(_step(each) for each in root.objects("steps")),
        checks=tuple(_check(each) for each in root.objects("checks")),
        statistics=tuple(_fact(each) for each in root.objects("statistics")),
    )


def _environment(fields: Fields) -> Environment:
    return Environment(
        name=fields.text("name"),
        protected=fields.flag("protected"),
        rollback_to=fields.text_or_none("rollback_to"),
        targets=tuple(_target(each) for each in fields.objects("targets")),
        rollouts=tuple(_rollout(each) for each in fields.objects("rollouts")),
    )


def _target(fields: Fields) -> Target:
    return Target(
        name=fields.text("name"),
        dialect=fields.word("dialect", Dialect),
        identity=fields.text_or_none("identity"),
        floor=fields.text_or_none("floor"),
        nodes=fields.texts("nodes"),
    )


def _rollout(fields: Fields) -> Rollout:
    return Rollout(
        release=fields.text("release"),
        status=fields.word("status", RolloutStatus),
        percent=fields.whole("percent", most=100),
        full_at=fields.time_or_none("full_at"),
        retired_at=fields.time_or_none("retired_at"),
        source=fields.text_or_none("source"),
    )


def _change(fields: Fields) -> Change:
    return Change(
        id=fields.text("id"),
        state=fields.word("state", ChangeState),
        kind=fields.word_or_none("kind", ChangeKind),
        objects=fields.texts("objects"),
        owner=fields.text_or_none("owner"),
        introduced_in=fields.text_or_none("introduced_in"),
        due=fields.day_or_none("due"),
        due_release=fields.text_or_none("due_release"),
    )


def _step(fields: Fields) -> Step:
    return Step(
        migration=fields.text_or_none("migration"),
        name=fields.text_or_none("name"),
        change=fields.text_or_none("change"),
        phase=fields.word("phase", Phase),
        part=fields.word_or_none("part", Part),
        release=fields.text_or_none("release"),
        runs=tuple(_run(each) for each in fields.objects("runs")),
    )


def _run(fields: Fields) -> Run:
    return Run(
        environment=fields.text("environment"),
        target=fields.text("target"),
        status=fields.word("status", StepStatus),
        at=fields.time_or_none("at"),
        checksum=fields.text_or_none("checksum"),
    )


def _check(fields: Fields) -> Check:
    return Check(
        change=fields.text("change"),
        name=fields.text("name"),
        environment=fields.text("environment"),
        target=fields.text("target"),
        ok=fields.flag("ok"),
        at=fields.time("at"),
        observed=_observed(fields),
    )


def _observed(fields: Fields) -> str | None:
    """What a query gave, which may well be the empty text."""
    fields.asked.add("observed")
    return "" if fields.value.get("observed") == "" else fields.text_or_none("observed")


def _fact(fields: Fields) -> StatisticsFact:
    return StatisticsFact(
        object=fields.text("object"),
        environment=fields.text("environment"),
        target=fields.text("target"),
        use=fields.word("use", Use),
        since=fields.time("since"),
        until=fields.time("until"),
        calls=fields.whole("calls"),
        readings=tuple(_reading(each) for each in fields.objects("readings")),
    )


def _reading(fields: Fields) -> NodeReading:
    return NodeReading(
        node=fields.text("node"),
        reads_all=fields.flag("reads_all"),
        stats_reset=fields.time_or_none("stats_reset"),
        evicted=fields.whole("evicted"),
    )
