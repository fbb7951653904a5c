"""Migrations held against a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.catalogue.progress import Progress
from migsafe.catalogue.project import Project
from migsafe.errors import UsageError
from migsafe.model.dialect import Dialect, ServerVersion
from migsafe.postgres.address import resolve_address, spell_database
from migsafe.postgres.catalogue import read_catalogue
from migsafe.postgres.reading import look
from migsafe.reporters.summary import plural
from migsafe.shadow.choice import ServerChoice, start_server
from migsafe.shadow.drift.built import build
from migsafe.shadow.drift.findings import Places, build_findings
from migsafe.shadow.drift.fold import Drift, find_drift
from migsafe.shadow.drift.scope import narrow
from migsafe.shadow.drift.static import incomplete_tables, static_snapshot
from migsafe.shadow.drift.words import Sides
from migsafe.shadow.snapshot import take_snapshot

if TYPE_CHECKING:
    from migsafe.model.finding import Finding

_EXPECTED = "built"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of holding migrations against something.

    Attributes:
        against: what that was, for people.
        how: how it was compared, for people.
        server: whose spelling and rules were compared by.
        shims: extensions that the shadow only stood in for.
    """

    findings: tuple[Finding, ...]
    against: str
    how: str
    server: ServerVersion
    shims: tuple[str, ...] = ()


def compare_database(
    project: Project,
    url: str,
    *,
    choice: ServerChoice | None = None,
    static: bool = False,
    ignore: Sequence[str] = (),
    progress: Progress | None = None,
) -> Comparison:
    """Hold what migrations build against what a database has; it is only read.

    Args:
        url: `env:NAME`, the name of a service, or an address without a password.
        choice: which server applies the migrations; the database's own major version is preferred.
        static: compare what replaying the migrations shows, without a server of one's own.
        ignore: patterns of names that are left out.

    Raises:
        UsageError: when the migrations are none of Postgres, or the address is none.
        EnvironmentFailedError: when a server cannot be reached or started, or a migration fails there.
    """
    if project.layout.dialect is not Dialect.POSTGRES:
        raise UsageError(
            f"{project.layout.root} holds migrations of {project.layout.dialect}; drift reads databases of Postgres",
            hint="--dialect postgres, when that is wrong",
        )
    dsn = resolve_address(url, option="--url")
    if static:
        return _compare_static(project, dsn, ignore)
    return _compare_exactly(project, dsn, choice or ServerChoice(), ignore, progress)


def _compare_exactly(
    project: Project, dsn: str, choice: ServerChoice, ignore: Sequence[str], progress: Progress | None
) -> Comparison:
    with look(dsn) as session:
        found, major = take_snapshot(session), session.server_version // 10_000
    with start_server(replace(choice, major=choice.major or major)) as server:
        expected = build(server, _EXPECTED, project.ups, progress)
        version, shims, built_major = server.version, server.shims, server.major
    drifts = find_drift(narrow(expected, ignore), narrow(found, ignore))
    name = spell_database(dsn)
    other = "" if built_major == major else f"; {name} runs Postgres {major}"
    return Comparison(
        findings=_findings(drifts, project, name, same_major=built_major == major),
        against=name,
        how=f"migrations applied to Postgres {version}{other}",
        server=ServerVersion(built_major, "shadow"),
        shims=shims,
    )


def _compare_static(project: Project, dsn: str, ignore: Sequence[str]) -> Comparison:
    with look(dsn) as session:
        found, major = read_catalogue(session), session.server_version // 10_000
    unknown = incomplete_tables(project.catalogue)
    drifts = find_drift(narrow(static_snapshot(project.catalogue), ignore), narrow(static_snapshot(found), ignore))
    told = [drift for drift in drifts if not (drift.key.kind == "column" and drift.key.name in unknown)]
    name = spell_database(dsn)
    return Comparison(
        findings=_findings(told, project, name),
        against=name,
        how=f"migrations replayed: of expressions only whether they exist{unread(project)}",
        server=ServerVersion(major, "given"),
    )


def unread(project: Project) -> str:
    """What a replay cannot know, for the line that says how it was compared; empty where all was understood."""
    if not project.not_understood:
        return ""
    first = project.not_understood[0]
    places = plural(len(project.not_understood), "place")
    return f"; {places} could not be read, the first at {first.path}:{first.line}:{first.column}"


def _findings(drifts: Sequence[Drift], project: Project, name: str, *, same_major: bool = True) -> tuple[Finding, ...]:
    return build_findings(drifts, Places(project), Sides(name, is_database=True), "database", same_major=same_major)
