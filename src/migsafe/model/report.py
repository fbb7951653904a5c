"""A report: all findings of one run, and what they were found with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from migsafe.model.dialect import Dialect, ServerVersion
from migsafe.model.finding import Category, Finding, Severity


@dataclass(frozen=True, slots=True)
class RuleDescriptor:
    """What a reader of a report needs to know of a rule: no code, only words.

    Attributes:
        summary: one line.
        why: why it hurts.
        instead: what to do.
        fine: when it is fine.
        source: database versions and pages of the manual.
    """

    name: str
    category: Category
    summary: str
    why: str
    instead: str
    fine: str
    source: str
    dialects: tuple[Dialect, ...]
    default: bool
    url: str


@dataclass(frozen=True, slots=True)
class Database:
    """A database that migrations were judged for, and the version of its server."""

    dialect: Dialect
    server: ServerVersion

    @property
    def major(self) -> int | None:
        """The major version; None where nobody said it and the rules assume none (not Postgres)."""
        return None if self.server.assumed and self.dialect is not Dialect.POSTGRES else self.server.major


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found.

    Attributes:
        linted: files that were judged.
        context: files that were read only for what they leave behind.
        suppressed: how many findings an ignore with a reason took away.
        cleared: how many findings evidence took away.
        hidden: how many findings are lighter than what was asked for.
        sources: path → text of the files that findings point into, for code frames.
        deploy_files: how many of the files that were judged belong to the deployment, and are no migrations.
        cleared_findings: those that evidence took away, where somebody wants to see them.
        closing: the line that says it all, where counting migrations does not; None for the usual one.
        databases: those that were judged for where several were asked for; `dialect` and `server` are the first one's.
    """

    dialect: Dialect
    server: ServerVersion
    findings: tuple[Finding, ...]
    rules: Mapping[str, RuleDescriptor]
    linted: int
    context: int = 0
    migrations: int = 0
    suppressed: int = 0
    cleared: int = 0
    hidden: int = 0
    shims: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    closing: str | None = None
    cleared_findings: tuple[Finding, ...] = ()
    deploy_files: int = 0
    databases: tuple[Database, ...] = ()

    @property
    def server_major(self) -> int | None:
        """The major version that was judged for; None where nobody said it and the rules assume none (not Postgres)."""
        return Database(self.dialect, self.server).major

    def only_on(self, finding: Finding) -> tuple[Dialect, ...]:
        """The databases that a finding holds on, where there are others that it does not hold on."""
        judged = {one.dialect for one in self.databases}
        return finding.dialects if judged - set(finding.dialects) else ()

    def count(self, severity: Severity) -> int:
        """How many findings have this severity."""
        return Counter(finding.severity for finding in self.findings)[severity]
