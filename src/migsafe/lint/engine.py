"""The engine: migrations in their order, rules, settings → findings. Pure: no files, no clock, no database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, get_args

from migsafe.config import ConfiguredIgnore
from migsafe.lint.findings import build
from migsafe.lint.ignores import IgnoreBook, Standing
from migsafe.lint.loops import together_by_place
from migsafe.model.catalogue import Catalogue
from migsafe.model.deploy import DeployFact
from migsafe.model.dialect import ASSUMED_SERVER, Dialect, ServerVersion
from migsafe.model.evidence import LockEvidence
from migsafe.model.finding import Category, Finding
from migsafe.model.operation import BaseOperation, Operation
from migsafe.model.operation.base import operation_name
from migsafe.model.script import Direction, Migration, Position, Script, Span, UnreadableFile
from migsafe.model.statement import ReadScript
from migsafe.phases.act import Chapter
from migsafe.phases.book import Book
from migsafe.phases.pieces import seen_together
from migsafe.phases.rules import PHASE_RULES
from migsafe.rules.context import Context, Surroundings
from migsafe.rules.events import FileUnread, IgnoreWithoutEffect, NotRendered, PlaceholderLeft
from migsafe.rules.proofs import CHECKS
from migsafe.rules.registry import RULES, Rule
from migsafe.rules.walk import ScriptWalk

Directions = Literal["up", "down", "both"]

#: In a way back, things are taken away on purpose: these are judged there only when asked for.
_ONLY_IF_ASKED_DOWN = frozenset({Category.COMPAT, Category.DATA, Category.DEPLOY})

_OPERATIONS = frozenset(get_args(Operation))


@dataclass(frozen=True, slots=True)
class ReadMigration:
    """A migration with its scripts read.

    Attributes:
        reported: paths whose findings count; a script of another path is read only for what it leaves behind.
    """

    migration: Migration
    up: ReadScript | None = None
    down: ReadScript | None = None
    up_reported: bool = True
    down_reported: bool = True


@dataclass(frozen=True, slots=True)
class ReadDeployFile:
    """A file of the deployment, and what it says.

    Attributes:
        name: what it is called where a migration has its name.
        script: its text, with the comments that ignore something.
    """

    name: str
    script: ReadScript
    facts: tuple[DeployFact, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a run depends on besides the migrations and the rules."""

    tool: str = "plain"
    dialect: Dialect = Dialect.POSTGRES
    server: ServerVersion = ASSUMED_SERVER
    surroundings: Surroundings = field(default_factory=Surroundings)
    directions: Directions = "up"
    ignores: tuple[ConfiguredIgnore, ...] = ()
    today: date | None = None
    observed: LockEvidence | None = None
    phase_rules: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ground:
    """Which statement a finding stands on.

    Attributes:
        chapter: the migration's place among the chapters.
        statement: the statement's place in the way up.
        operation: the operation's name.
    """

    chapter: int
    statement: int
    operation: str


#: What tells a finding from the others of its run.
FindingKey = tuple[str, Position, str]


def key_of(finding: Finding) -> FindingKey:
    """What a finding is known by."""
    return finding.path, finding.start, finding.rule


@dataclass(slots=True)
class Outcome:
    """What a run found, before anything is left out for its weight.

    Attributes:
        ignored: what ignores took away.
        catalogue: what exists after all of them.
        chapters: what each migration does, as far as phases are concerned.
        grounds: findings of ways up, and their statements.
        waived: whether an ignore takes a rule's word about a finding away.
        close: takes the findings of rules that are judged after all migrations, and gives those that no ignore takes
            away, and one for each ignore that waited for them in vain.
    """

    findings: list[Finding] = field(default_factory=list)
    ignored: list[Finding] = field(default_factory=list)
    migrations_reported: int = 0
    catalogue: Catalogue | None = None
    chapters: tuple[Chapter, ...] = ()
    grounds: dict[FindingKey, Ground] = field(default_factory=dict)
    waived: Callable[[Finding, str], bool] = lambda finding, rule: False
    close: Callable[[Sequence[Finding]], list[Finding]] = list

    @property
    def suppressed(self) -> int:
        """How many findings ignores took away."""
        return len(self.ignored)


class _RuleTable:
    """Which rules look at which class of operation; asked once per class."""

    def __init__(self, rules: Iterable[Rule], dialect: Dialect) -> None:
        self._rules = [rule for rule in rules if dialect in rule.descriptor.dialects]
        self._by_class: dict[type[BaseOperation], tuple[Rule, ...]] = {}

    def for_operation(self, operation: BaseOperation) -> tuple[Rule, ...]:
        kind = type(operation)
        if kind not in self._by_class:
            self._by_class[kind] = tuple(rule for rule in self._rules if _looks_at(rule, kind))
        return self._by_class[kind]


def _looks_at(rule: Rule, kind: type[BaseOperation]) -> bool:
    """A rule on every operation is not asked about the other moments of `rules.events`."""
    wanted = (
        rule.operations if kind in _OPERATIONS else tuple(cls for cls in rule.operations if cls is not BaseOperation)
    )
    return issubclass(kind, wanted)


class _Run:
    """One run over one layout."""

    def __init__(self, rules: Iterable[Rule], settings: Settings) -> None:
        self.settings = settings
        rules = tuple(rules)
        self.rules = _RuleTable(rules, settings.dialect)
        self.catalogue = Catalogue(settings.dialect)
        self.outcome = Outcome()
        active = frozenset(rule.name for rule in rules)
        self.ignores = IgnoreBook(
            settings.ignores,
            settings.today,
            active | settings.phase_rules,
            frozenset({*RULES, *CHECKS, *PHASE_RULES}),
            frozenset(PHASE_RULES),
        )
        self.book = Book()
        self._waiting: list[tuple[Standing, Context]] = []
        self._said: dict[tuple[str, tuple[str, ...]], int] = {}
        self._again: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self._comments: dict[tuple[str, Position], tuple[IgnoreWithoutEffect, Context] | None] = {}

    def migration(self, read: ReadMigration) -> None:
        """Judge a migration; it leaves the catalogue as its way up does."""
        self.book.open(reported=read.up is not None and read.up_reported)
        if read.up is not None:
            self.catalogue = self._script(read, read.up, self.catalogue, read.up_reported)
        if read.down is not None and read.down_reported:
            self._script(read, read.down, self.catalogue.fork(), True)
        if (read.up is not None and read.up_reported) or (read.down is not None and read.down_reported):
            self.outcome.migrations_reported += 1
        self._tell_unused()
        self.book.close(read.migration, has_way_back=_does_something(read.migration.down))

    def unreadable(self, file: UnreadableFile, script: Script) -> None:
        """A file that could not be read is a finding like any other."""
        context = Context(script=script, migration=file.path, catalogue=self.catalogue)
        operation = FileUnread(span=Span(0, 0), reason=file.reason)
        self.outcome.findings.extend(self._ask(operation, context))

    def deploy_file(self, file: ReadDeployFile) -> None:
        """Judge what a file of the deployment says; it has no part in what exists in the database."""
        context = Context(script=file.script.script, migration=file.name, catalogue=self.catalogue)
        found = [finding for fact in file.facts for finding in self._ask(fact, context)]
        self._keep(context, file.script, found)
        self._tell_unused()

    def _script(self, read: ReadMigration, script: ReadScript, catalogue: Catalogue, reported: bool) -> Catalogue:
        walk = ScriptWalk(
            script,
            migration=read.migration.id,
            catalogue=catalogue,
            server=self.settings.server,
            surroundings=self.settings.surroundings,
            checksummed=read.migration.checksummed,
            tool=self.settings.tool,
        )
        found: list[Finding] = []
        for operation in walk:
            self.book.note(operation, walk.context)
            if reported:
                found.extend(self._ask(operation, walk.context))
        if reported:
            found.extend(self._placeholders(script, walk.context))
            found.extend(self._gaps(script, walk.context))
            self._keep(walk.context, script, found)
        return walk.context.catalogue

    def _placeholders(self, script: ReadScript, context: Context) -> Iterator[Finding]:
        for span in script.script.placeholders:
            text = script.script.text[span.start : span.end]
            yield from self._ask(PlaceholderLeft(span=span, text=text), context)

    def _gaps(self, script: ReadScript, context: Context) -> Iterator[Finding]:
        for gap in script.script.gaps:
            yield from self._ask(NotRendered(span=gap.span, reason=gap.reason), context)

    def _ask(self, operation: BaseOperation, context: Context) -> Iterator[Finding]:
        for rule in self.rules.for_operation(operation):
            if self._left_out(rule, context):
                continue
            for hazard in rule.check(operation, context):
                if rule.once_per_project and self._said_before((rule.name, hazard.objects)):
                    continue
                finding = build(rule, hazard, operation, context, self.settings.observed)
                self._remember(finding, operation, context)
                yield finding

    def _remember(self, finding: Finding, operation: BaseOperation, context: Context) -> None:
        """Phases have a say in what a way up does."""
        if context.direction is Direction.UP:
            ground = Ground(len(self.book.chapters), context.statement_index, operation_name(operation))
            self.outcome.grounds.setdefault(key_of(finding), ground)

    def _left_out(self, rule: Rule, context: Context) -> bool:
        down = context.direction is Direction.DOWN
        if down and self.settings.directions == "up":
            return rule.category in _ONLY_IF_ASKED_DOWN or rule.once_per_project
        return not down and self.settings.directions == "down"

    def _said_before(self, key: tuple[str, tuple[str, ...]]) -> bool:
        if key in self._said:
            self._again[key] += 1
            return True
        self._said[key] = len(self._said)
        return False

    def _keep(self, context: Context, script: ReadScript, found: Sequence[Finding]) -> None:
        found = together_by_place(found) if context.script.rendered else found
        judged = self.ignores.judge(script, context.migration, _numbered(found))
        self.outcome.findings.extend(judged.kept)
        self.outcome.ignored.extend(judged.taken)
        for span in judged.effective:
            self._comments[context.script.path, context.script.position(span.start)] = None
        self._waiting.extend((standing, context) for standing in judged.waiting)
        for ignore in judged.without_effect:
            place = context.script.path, context.script.position(ignore.span.start)
            self._comments.setdefault(place, (ignore, context))

    def waived(self, finding: Finding, rule: str) -> bool:
        """See `Outcome.waived`."""
        return self.ignores.waives([standing for standing, _ in self._waiting], finding, rule)

    def close(self, last: Sequence[Finding]) -> list[Finding]:
        """See `Outcome.close`."""
        kept = self.ignores.judge_last([standing for standing, _ in self._waiting], last)
        staying = set(map(id, kept))
        self.outcome.ignored.extend(finding for finding in last if id(finding) not in staying)
        for standing, context in self._waiting:
            idle = self.ignores.idle(standing)
            if idle is not None:
                kept.extend(self._ask(idle, context))
        return kept

    def _tell_unused(self) -> None:
        """An ignore in a file that holds both ways has an effect when it has one in either."""
        for idle in self._comments.values():
            if idle is not None:
                self.outcome.findings.extend(self._ask(*idle))
        self._comments.clear()


def lint(
    migrations: Iterable[ReadMigration | ReadDeployFile | tuple[UnreadableFile, Script]],
    rules: Iterable[Rule],
    settings: Settings,
) -> Outcome:
    """Judge the migrations of one layout, in the order in which its tool runs them.

    Args:
        migrations: read lazily, one at a time, so that a long history needs little memory; a file that could not be
            read comes with an empty script that names it. Files of a deployment are a layout of their own.
        rules: those that were selected.
        settings: server, surroundings, directions, ignores.

    Returns:
        Every finding that no ignore took away, in the order of the migrations.
    """
    run = _Run(rules, settings)
    for item in migrations:
        if isinstance(item, ReadMigration):
            run.migration(item)
        elif isinstance(item, ReadDeployFile):
            run.deploy_file(item)
        else:
            run.unreadable(*item)
    run.outcome.catalogue = run.catalogue
    run.outcome.chapters = seen_together(run.book.chapters)
    run.outcome.waived = run.waived
    run.outcome.close = run.close
    return run.outcome


def _numbered(findings: Sequence[Finding]) -> list[Finding]:
    """Equal fingerprints of one script (the same statement twice) are told apart by their order."""
    seen: Counter[str] = Counter()
    numbered = []
    for finding in findings:
        seen[finding.fingerprint] += 1
        count = seen[finding.fingerprint]
        numbered.append(finding if count == 1 else replace(finding, fingerprint=f"{finding.fingerprint}-{count}"))
    return numbered


def _does_something(script: Script | None) -> bool:
    return script is not None and bool(script.text.strip())
