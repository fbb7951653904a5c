"""What migsafe could not read, said instead of skipped; and ignores that do nothing."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.deploy import TemplatePlaceholder
from migsafe.model.finding import Category, Severity
from migsafe.model.operation import RunCode, Unreadable
from migsafe.model.script import Span
from migsafe.rules.context import Context
from migsafe.rules.events import FileUnread, IgnoreWithoutEffect, NotRendered, PlaceholderLeft
from migsafe.rules.hazard import Hazard
from migsafe.rules.registry import EVERY_DIALECT, rule


@rule(Category.FAIL, Unreadable, NotRendered, dialects=EVERY_DIALECT)
def could_not_understand(op: Unreadable | NotRendered, ctx: Context) -> Iterator[Hazard]:
    """A statement could not be read whole, or a migration that is a program could not be followed to its end.

    Why it hurts: what migsafe does not understand it cannot judge: the statement may do anything.
    Do instead: mend the statement if it is wrong; if it is right, vouch for it with an ignore that gives a reason, and
        report it to migsafe.
    Fine when: the statement stands around a template placeholder, which `template-placeholder` names already.
    Source: migsafe; every token of every statement is consumed by the reader, or this is said.
    """
    if isinstance(op, NotRendered):
        yield Hazard(
            message=f"this migration could not be followed from here on: {op.reason}",
            instead="make it run on a database that holds what the earlier migrations made, without network and "
            "without the application; or give a reason for trusting it, with an ignore",
            objects=(ctx.migration,),
        )
        return
    if any(_overlap(op.span, placeholder) for placeholder in ctx.script.placeholders):
        return
    yield Hazard(message=f"this statement could not be read: {op.reason}")


@rule(Category.FAIL, FileUnread, dialects=EVERY_DIALECT)
def could_not_read(op: FileUnread, ctx: Context) -> Iterator[Hazard]:
    """A migration file cannot be read or decoded.

    Why it hurts: nothing in the file was judged, and later migrations were judged without it.
    Do instead: make the file readable, as UTF-8 text; the other files were linted.
    Fine when: never; a migration that a tool runs must be readable.
    Source: migsafe.
    """
    is_sql = ctx.script.path.endswith(".sql")
    yield Hazard(
        message=f"this file was not read: {op.reason}",
        objects=(ctx.script.path,),
        severity=Severity.ERROR if is_sql else Severity.WARNING,
    )


@rule(
    Category.FAIL,
    PlaceholderLeft,
    TemplatePlaceholder,
    dialects=EVERY_DIALECT,
    severity=Severity.WARNING,
    once_per_project=True,
)
def template_placeholder(op: PlaceholderLeft | TemplatePlaceholder, ctx: Context) -> Iterator[Hazard]:
    """A template placeholder has no value, so that the text is not what the server or the cluster will get.

    Why it hurts: what the placeholder becomes decides what the statement or the manifest does; around it, findings can
        be missing or wrong. A Helm chart that is not rendered is not judged at all.
    Do instead: give its value under [tool.migsafe.placeholders], or lint what was rendered: the SQL, or
        `helm template CHART | migsafe lint - --stdin-name rendered.yaml`.
    Fine when: the placeholder's value is configured, or the rendered manifests are linted elsewhere: an ignore says so.
    Source: migsafe; Flyway "Placeholders", Go text/template, psql "Variables", Helm "Template Functions and Pipelines".
    """
    if isinstance(op, TemplatePlaceholder):
        yield _not_rendered(op)
        return
    name = op.text.strip("{}$:()%s '\"").strip()
    yield Hazard(
        message=f"the placeholder {op.text} has no value",
        instead=f"[tool.migsafe.placeholders]\n'{name}' = \"…\"",
        objects=(op.text,),
    )


@rule(Category.DATA, RunCode, dialects=EVERY_DIALECT, severity=Severity.WARNING)
def opaque_code(op: RunCode, ctx: Context) -> Iterator[Hazard]:
    """The migration runs code that migsafe cannot see through.

    Why it hurts: a statement that is put together at run time can lock, rewrite or delete anything, unseen in review.
    Do instead: write plain statements; what must be computed, compute before, and commit as plain statements.
    Fine when: the code's statements can all be read: those are judged like any other.
    Source: migsafe; PostgreSQL manual, "Executing Dynamic Commands" (41.5.4).
    """
    for piece in op.opaque:
        yield Hazard(message=f"this code cannot be read before it runs: {piece.reason}", at=piece.span)


@rule(Category.STYLE, IgnoreWithoutEffect, dialects=EVERY_DIALECT, default=True, severity=Severity.WARNING)
def unused_suppression(op: IgnoreWithoutEffect, ctx: Context) -> Iterator[Hazard]:
    """An ignore comment takes nothing away.

    Why it hurts: it hides the next real finding of that name, or its author believes in an exception that is none.
    Do instead: remove it, or give what it lacks.
    Fine when: never.
    Source: migsafe.
    """
    if not op.waiver:
        yield Hazard(message=f"this ignore has no effect: {op.reason}", objects=op.rules)


@rule(Category.PHASE, IgnoreWithoutEffect, dialects=EVERY_DIALECT)
def waiver_incomplete(op: IgnoreWithoutEffect, ctx: Context) -> Iterator[Hazard]:
    """A rule about phases is waived without a reason, a name or a day, or that day has passed. (XR22)

    Why it hurts: what nobody answers for and nothing ends stays for ever: the old column, the trigger, the risk.
    Do instead: say why, who decided, and until when: reason="…" by=NAME until=YYYY-MM-DD.
    Fine when: never.
    Source: docs/phases.md
    """
    if op.waiver:
        yield Hazard(message=f"this waiver does not hold: {op.reason}", objects=op.rules)


def _not_rendered(fact: TemplatePlaceholder) -> Hazard:
    """Once for a chart or a folder, however many templates it has."""
    files = f"{fact.files} manifest{'' if fact.files == 1 else 's'} of workloads"
    if fact.what == "chart":
        message = f"the chart {fact.name} is a template: {files} could not be judged"
        render = f"helm template {fact.path.rpartition('/')[0] or '.'}"
    else:
        message = f"{fact.name} holds templates: {files} could not be judged"
        render = "<what renders them>"
    return Hazard(
        message=message,
        instead=f"{render} | migsafe lint - --stdin-name rendered.yaml",
        objects=(fact.name,),
    )


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end
