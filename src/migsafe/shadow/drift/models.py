"""Migrations held against the models of an application (SQLAlchemy)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from migsafe.catalogue.following import Following
from migsafe.catalogue.progress import Progress
from migsafe.errors import EnvironmentFailedError, UsageError
from migsafe.model.catalogue import Catalogue
from migsafe.model.dialect import ASSUMED_SERVER, Dialect, ServerVersion
from migsafe.model.script import Position
from migsafe.postgres.connection import StatementFailedError
from migsafe.shadow.choice import ServerChoice, start_server
from migsafe.shadow.drift.built import build
from migsafe.shadow.drift.database import Comparison, unread
from migsafe.shadow.drift.findings import Place, Places, build_findings
from migsafe.shadow.drift.fold import find_drift
from migsafe.shadow.drift.scope import narrow, relation_of
from migsafe.shadow.drift.static import incomplete_tables, static_snapshot
from migsafe.shadow.drift.words import Sides
from migsafe.shadow.snapshot import ObjectKey, Snapshot, take_snapshot

if TYPE_CHECKING:
    from migsafe.catalogue.project import Project
    from migsafe.model.finding import Finding
    from migsafe.postgres.connection import Session
    from migsafe.shadow.drift.fold import Drift
    from migsafe.sources.models import RenderedModels

_BUILT = "built"
_MODELS = "models"
_SIDES = Sides(
    "the models",
    is_database=False,
    why="Code that trusts its models fails when it runs: on a column that is not there, a NULL that is refused, "
    "a value that does not fit.",
    instead="Write the difference into a migration, or declare in the models what the migrations build.",
)

#: What models can say; views, code and privileges are the migrations' alone.
_KINDS = frozenset({"relation", "column", "constraint", "index", "type"})
_TABLES = frozenset({"r", "p"})
_ENUM = "e"

#: Facts that models rarely say and migrations set by the way.
_FACTS_LEFT_OUT = {
    "relation": frozenset({"column_order", "options", "comment", "access_method", "parents", "bound", "partition_key"}),
    "column": frozenset({"storage", "compression", "statistics", "options", "comment"}),
    "index": frozenset({"clustered", "replica_identity", "ready", "comment"}),
    "constraint": frozenset({"comment", "validated"}),
    "type": frozenset({"comment"}),
}


def compare_models(
    project: Project,
    models: RenderedModels,
    *,
    choice: ServerChoice | None = None,
    static: bool = False,
    ignore: Sequence[str] = (),
    progress: Progress | None = None,
) -> Comparison:
    """Hold what migrations build against what an application's models declare.

    Args:
        models: their DDL, as `migsafe.sources.models` renders it.
        choice: which server applies both; not asked where there is none to be had (MySQL, SQLite) or `static`.
        static: compare what replaying shows, without a server.
        ignore: patterns of names that are left out.

    Raises:
        EnvironmentFailedError: when the server cannot be started, or refuses a migration or the models' DDL.
        UsageError: when the models declare no table.
    """
    if not models.tables:
        raise UsageError(
            f"{models.target} declares no table", hint="name what your models derive from, or its metadata"
        )
    if static or project.layout.dialect is not Dialect.POSTGRES:
        return _compare_static(project, models, ignore)
    return _compare_exactly(project, models, choice or ServerChoice(), ignore, progress)


def _compare_static(project: Project, models: RenderedModels, ignore: Sequence[str]) -> Comparison:
    declared = _replayed(models)
    migrations = static_snapshot(project.catalogue)
    unknown = incomplete_tables(project.catalogue)
    drifts = _drifts(migrations, static_snapshot(declared), ignore)
    told = [drift for drift in drifts if not (drift.key.kind == "column" and drift.key.name in unknown)]
    how = f"migrations and models replayed: of expressions only whether they exist{unread(project)}"
    return Comparison(_findings(told, project, models), models.target, how, ASSUMED_SERVER)


def _compare_exactly(
    project: Project, models: RenderedModels, choice: ServerChoice, ignore: Sequence[str], progress: Progress | None
) -> Comparison:
    with start_server(choice) as server:
        built = build(server, _BUILT, project.ups, progress)
        # A copy has all that models only refer to: extensions, domains, functions of defaults.
        server.create_database(_MODELS, _BUILT)
        with server.connect(_MODELS) as session:
            _put_models_in_place(session, models)
            declared = take_snapshot(session)
        version, shims, major = server.version, server.shims, server.major
    return Comparison(
        findings=_findings(_drifts(built, declared, ignore), project, models),
        against=models.target,
        how=f"migrations and models applied to Postgres {version}",
        server=ServerVersion(major, "shadow"),
        shims=shims,
    )


def _put_models_in_place(session: Session, models: RenderedModels) -> None:
    """Replace the tables, and the types and sequences that models make themselves, by those of the models."""
    for (table,) in session.query(
        "select array[n.nspname::text, c.relname::text] from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_' "
        "and n.nspname <> 'information_schema' and not exists (select from pg_depend d "
        "where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')"
    ):
        session.execute_with_names("drop table if exists {table} cascade", table=tuple(table))
    declared = _replayed(models)
    for name in declared.enums:
        session.execute_with_names("drop type if exists {type} cascade", type=_parts(name.schema, name.name))
    for name in declared.sequences:
        session.execute_with_names(
            "drop sequence if exists {sequence} cascade", sequence=_parts(name.schema, name.name)
        )
    for statement in models.statements:
        try:
            session.execute(statement)
        except StatementFailedError as error:
            raise EnvironmentFailedError(
                f"{models.target} cannot be made on the shadow: {error.message}: {_first_line(statement)}",
                hint="--static compares without a server",
            ) from None


def _parts(schema: str | None, name: str) -> tuple[str, ...]:
    return (name,) if schema is None else (schema, name)


def _first_line(statement: str) -> str:
    return statement.strip().partition("\n")[0]


def _replayed(models: RenderedModels) -> Catalogue:
    following = Following(Catalogue(models.script.dialect))
    following.follow(models.script)
    return following.catalogue


def _drifts(migrations: Snapshot, declared: Snapshot, ignore: Sequence[str]) -> tuple[Drift, ...]:
    views = {
        key.name for key, facts in migrations.items() if key.kind == "relation" and facts.get("kind") not in _TABLES
    }
    partitions = {key.name for key, facts in migrations.items() if key.kind == "relation" and _is_partition(facts)}
    aside = views | partitions
    left = (_comparable(narrow(side, ignore), aside) for side in (migrations, declared))
    return find_drift(*left)


def _is_partition(facts: Mapping[str, object]) -> bool:
    return facts.get("bound") is not None


def _comparable(snapshot: Snapshot, aside: set[str]) -> Snapshot:
    """What models can say, without views, which models may map as tables, and partitions, which they never name."""
    return {
        key: _facts(key, facts)
        for key, facts in snapshot.items()
        if key.kind in _KINDS
        and relation_of(key, facts) not in aside
        and (key.kind != "type" or facts.get("kind") == _ENUM)
        and (key.kind != "constraint" or _is_of_table(snapshot, key))
    }


def _is_of_table(snapshot: Snapshot, key: ObjectKey) -> bool:
    """Not of a domain."""
    return ObjectKey("relation", key.name) in snapshot


def _facts(key: ObjectKey, facts: Mapping[str, object]) -> Mapping[str, object]:
    left_out = _FACTS_LEFT_OUT[key.kind]
    kept = {name: value for name, value in facts.items() if name not in left_out}
    # A model's table is a plain one, however the migrations spread its rows; so are its indexes.
    if key.kind == "relation":
        kept["kind"] = "r"
    elif key.kind == "index" and isinstance(kept.get("definition"), str):
        kept["definition"] = str(kept["definition"]).replace(" ON ONLY ", " ON ", 1)
    return kept


def _findings(drifts: Sequence[Drift], project: Project, models: RenderedModels) -> tuple[Finding, ...]:
    places = {
        table.name: Place(table.path, Position(table.line, 1), Position(table.line, 1)) for table in models.tables
    }
    return build_findings(drifts, Places(project, places), _SIDES, "models")
