"""`migsafe verify` from paths to a report: which migrations, which server, and who looks on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from migsafe.catalogue.project import source_options
from migsafe.errors import PathNotFoundError, UsageError
from migsafe.evidence import render
from migsafe.model.dialect import Dialect
from migsafe.model.finding import order_of_reading
from migsafe.shadow.options import Proof, ServerChoice
from migsafe.shadow.trace import LockTrace
from migsafe.shadow.verify import VerifyOptions, verify
from migsafe.shadow.with_alembic import AlembicTool, is_of_alembic
from migsafe.sources import narrow, read_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from migsafe.catalogue.progress import Progress
    from migsafe.config import Config
    from migsafe.model.evidence import LockEvidence
    from migsafe.model.report import Report
    from migsafe.model.script import MigrationSet
    from migsafe.shadow.compat.companion import ReleaseCompanion
    from migsafe.shadow.round_trip import Tool
    from migsafe.sources import LoadedLayout


def verify_paths(
    paths: Sequence[Path],
    config: Config,
    proof: Proof,
    *,
    progress: Progress | None = None,
    evidence: Callable[[str], None] | None = None,
) -> Report:
    """Prove the migrations in files and folders; see `migsafe.api.verify`."""
    layouts = narrow(read_paths(paths, source_options(config)), since=config.since, diff=config.diff)
    trace = LockTrace(layouts) if evidence is not None else None
    looking = _companions(proof)
    options = VerifyOptions(
        server=ServerChoice(url=config.shadow_url, bin_dir=config.pg_bin, major=config.server_version),
        rows=proof.rows,
        setup=_text(proof.setup),
        companions=(*looking, *([trace] if trace is not None else [])),
        jobs=proof.jobs,
        tool=_tools(layouts, config, proof, watched=evidence is not None) if proof.with_alembic else None,
    )
    reports = [
        _PROOFS[dialect]([one for one in layouts if one.migrations.dialect is dialect], config, options, progress)
        for dialect in dict.fromkeys(layout.migrations.dialect for layout in layouts)
    ]
    if trace is not None and evidence is not None:
        evidence(render(_with_queries(trace.evidence(date.today()), looking)))
    return reports[0] if len(reports) == 1 else _together(reports)


def _on_postgres(
    layouts: Sequence[LoadedLayout], config: Config, options: VerifyOptions, progress: Progress | None
) -> Report:
    return verify(layouts, config, options, progress=progress)


def _on_sqlite(
    layouts: Sequence[LoadedLayout], config: Config, options: VerifyOptions, progress: Progress | None
) -> Report:
    from migsafe.shadow.lite.verify import verify_sqlite

    return verify_sqlite(layouts, config, options, progress=progress)


def _on_mysql(
    layouts: Sequence[LoadedLayout], config: Config, options: VerifyOptions, progress: Progress | None
) -> Report:
    from migsafe.shadow.maria.verify import verify_mysql

    return verify_mysql(layouts, config, options, progress=progress)


#: What proves the migrations of a dialect.
_PROOFS = {Dialect.POSTGRES: _on_postgres, Dialect.SQLITE: _on_sqlite, Dialect.MYSQL: _on_mysql}


def _together(reports: Sequence[Report]) -> Report:
    """The reports of several databases as one, which speaks with the words of the first of what it was proved on."""
    return replace(
        reports[0],
        findings=tuple(sorted((f for report in reports for f in report.findings), key=order_of_reading)),
        rules={name: rule for report in reports for name, rule in report.rules.items()},
        linted=sum(report.linted for report in reports),
        context=sum(report.context for report in reports),
        migrations=sum(report.migrations for report in reports),
        suppressed=sum(report.suppressed for report in reports),
        hidden=sum(report.hidden for report in reports),
        shims=tuple(sorted({name for report in reports for name in report.shims})),
        sources={path: text for report in reports for path, text in report.sources.items()},
        closing="\n".join(report.closing for report in reports if report.closing) or None,
    )


def _tools(
    layouts: Sequence[LoadedLayout], config: Config, proof: Proof, *, watched: bool
) -> Callable[[MigrationSet], Tool | None]:
    """What makes the project's Alembic for a layout that has one.

    Raises:
        UsageError: when there is none, or when its statements are to be watched one by one.
    """
    if watched:
        raise UsageError(
            "--with-alembic and --evidence do not go together: Alembic sends its statements by itself",
            hint="leave --with-alembic out to watch the locks of what is rendered",
        )
    of_alembic = [one.migrations for one in layouts if is_of_alembic(one.migrations)]
    if not any(one.dialect is Dialect.POSTGRES for one in of_alembic):
        dialects = ", ".join(sorted({str(one.dialect) for one in of_alembic}))
        found = f"Alembic migrates {dialects} here" if of_alembic else "there is no Alembic environment"
        hint = "name the database with --dialect postgres, where it is one" if of_alembic else None
        raise UsageError(f"--with-alembic needs an Alembic environment for Postgres, and {found}", hint=hint)

    def tool_of(layout: MigrationSet) -> Tool | None:
        if not is_of_alembic(layout):
            return None
        return AlembicTool(layout, python=config.python, variables=proof.url_variables)

    return tool_of


def _with_queries(seen: LockEvidence, looking: Iterable[ReleaseCompanion]) -> LockEvidence:
    """What was seen, with what became of the queries of the running release."""
    checked = {migration: queries for one in looking for migration, queries in one.checked.items()}
    return replace(seen, migrations=tuple(replace(one, queries=checked.get(one.id)) for one in seen.migrations))


def _companions(proof: Proof) -> Sequence[ReleaseCompanion]:
    if not proof.queries and not proof.generate_queries:
        return ()
    from migsafe.shadow.compat.companion import ReleaseCompanion
    from migsafe.shadow.compat.sources import read_queries

    queries = read_queries(proof.queries).queries if proof.queries else ()
    return (ReleaseCompanion(queries, generate=proof.generate_queries),)


def _text(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PathNotFoundError(f"{file} does not exist") from None
