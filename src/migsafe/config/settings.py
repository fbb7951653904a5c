"""The settings as plain values, each with its meaning."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from migsafe.config.globs import matches
from migsafe.config.releases import ReleaseSettings
from migsafe.config.usage import UsageSettings
from migsafe.config.windows import Windows
from migsafe.model.dialect import Dialect
from migsafe.model.finding import Severity
from migsafe.model.phase import Phase
from migsafe.model.script import TransactionRule

Directions = Literal["up", "down", "both"]

#: A lock_timeout above this many milliseconds is as good as none: everybody queues behind the waiting migration.
DEFAULT_MAX_LOCK_TIMEOUT = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredIgnore:
    """An ignore that says why, written in the configuration because the migration's file must not change.

    Attributes:
        rule: the rule whose findings it takes away.
        reason: why that is right here; never empty.
        migration: only in this migration (the tool's own name for it); everywhere when None.
        objects: only where the finding's objects are all among these; any objects when empty.
        until: the last day on which it holds; for good when None.
        by: who decided.
    """

    rule: str
    reason: str
    migration: str | None = None
    objects: tuple[str, ...] = ()
    until: date | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """How one run of migsafe judges a project; every field has a default.

    Attributes:
        paths: files and folders to lint when none is named, as seen from the current folder.
        tool: the migration tool whose layout this is; detected when None.
        dialect: the database; what the layout says when None, else Postgres. Of several, the one that all commands but
            `lint` work on.
        other_dialects: the other databases that the project supports: `lint` judges for each of them.
        server_version: the major version of its server; the oldest supported one is assumed when None.
        server_versions: the major version of each database's server, where they were said one by one.
        transaction: who opens transactions; the tool's own rule when None.
        placeholders: values of the placeholders that the tool fills in, by name.
        select: names of rules and categories that run, and no others; the default set when empty.
        extend_select: names of rules and categories that run besides.
        ignore: names of rules and categories that do not run.
        reasoned_ignores: ignores with a reason, which take single findings away.
        fail_on: the lightest severity that makes the run fail; None: findings never do.
        min_severity: the lightest severity that is shown.
        runner_sets: session settings that the tool's connection makes by itself, `name` or `name=value`.
        max_lock_timeout: milliseconds; a longer lock_timeout counts as none.
        since: only migrations after this one (the tool's own name) are reported.
        diff: only migrations added or changed since this git revision are reported.
        direction: which scripts are judged in full.
        python: the interpreter that runs the project's own code (Django); found when None.
        manage: Django's `manage.py`; found when None.
        settings: the module of Django's settings; the one that `manage.py` names when None.
        url: a database to look at: `env:NAME`, the name of a service, or an address without a password.
        models: what declares SQLAlchemy models, each `package.module:Base`.
        shadow_url: a server on which the shadow gets databases of its own; one is started when None.
        evidence: what `verify --evidence` wrote; its locks win over predicted ones.
        pg_bin: the folder of Postgres' programs that start the shadow; found when None.
        release: where releases come from, and how far apart the two ends of a change must be.
        usage: where the application's code stands, and what else says who uses an object.
        phase_paths: pattern of paths, relative to the file that says it → the phase of the migrations there.
        state: live facts, a document `migsafe.state/1`; None where nobody gave any.
        state_key: `env:NAME`, the variable with the key that the state document is signed with; None: only its digest
            is checked.
        stage: what is unknown of a contract warns in a pull request, and fails in a deployment.
        tracker: where what happened is recorded: `sqlite:FILE`, `env:NAME`, a service, or an address of Postgres
            without a password; a file below the current folder when None.
        show_cleared: findings that evidence took away are shown too.
        replicas: standbys of `url`, said as that is.
        windows: when migrations may run; always when None.
        source: the file that was read; None without one.
    """

    paths: tuple[str, ...] = ()
    tool: str | None = None
    dialect: Dialect | None = None
    other_dialects: tuple[Dialect, ...] = ()
    server_version: int | None = None
    server_versions: Mapping[Dialect, int] = field(default_factory=lambda: MappingProxyType({}))
    transaction: TransactionRule | None = None
    placeholders: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    reasoned_ignores: tuple[ConfiguredIgnore, ...] = ()
    fail_on: Severity | None = Severity.ERROR
    min_severity: Severity = Severity.WARNING
    runner_sets: tuple[str, ...] = ()
    max_lock_timeout: int = DEFAULT_MAX_LOCK_TIMEOUT
    since: str | None = None
    diff: str | None = None
    direction: Directions = "up"
    python: str | None = None
    manage: Path | None = None
    settings: str | None = None
    url: str | None = None
    models: tuple[str, ...] = ()
    shadow_url: str | None = None
    pg_bin: Path | None = None
    evidence: Path | None = None
    release: ReleaseSettings = field(default_factory=ReleaseSettings)
    usage: UsageSettings = field(default_factory=UsageSettings)
    phase_paths: Mapping[str, Phase] = field(default_factory=lambda: MappingProxyType({}))
    state: Path | None = None
    state_key: str | None = None
    stage: Literal["pull-request", "deploy"] = "pull-request"
    tracker: str | None = None
    show_cleared: bool = False
    replicas: tuple[str, ...] = ()
    windows: Windows | None = None
    source: Path | None = None

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """All databases that were said, the first one first; empty when the layout says which it is."""
        return () if self.dialect is None else (self.dialect, *self.other_dialects)

    def server_of(self, dialect: Dialect) -> int | None:
        """The major version of a database's server; None where nobody said it. A number alone is the first one's."""
        if self.server_versions:
            return self.server_versions.get(dialect)
        return None if dialect in self.other_dialects else self.server_version

    def only(self, dialect: Dialect) -> Config:
        """The same for one database."""
        version = self.server_of(dialect)
        one = MappingProxyType[Dialect, int]({})
        return replace(self, dialect=dialect, other_dialects=(), server_version=version, server_versions=one)

    @property
    def shown_from(self) -> Severity:
        """The lightest severity that is shown: what makes a run fail is never hidden."""
        candidates = (self.min_severity, self.fail_on or Severity.ERROR)
        return min(candidates, key=lambda severity: severity.weight)

    def phase_at(self, path: str) -> Phase | None:
        """The phase that `phase_paths` give a file, as `Script.path` shows it; the last pattern that matches wins."""
        if not self.phase_paths:
            return None
        folder = self.source.absolute().parent if self.source is not None else Path.cwd()
        seen = Path(os.path.relpath(path, folder)).as_posix()
        found = [phase for pattern, phase in self.phase_paths.items() if matches(pattern, seen)]
        return found[-1] if found else None

    def fails(self, severity: Severity) -> bool:
        """Whether a finding of this severity makes the run fail."""
        return self.fail_on is not None and severity.weight >= self.fail_on.weight
