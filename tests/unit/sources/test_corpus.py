"""Real projects, each detected by itself and read as its tool would."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from migsafe.model.dialect import Dialect
from migsafe.sources import LoadedLayout, SourceOptions, read_paths

CORPUS = Path(__file__).parents[3].parent / "shared" / "corpus"
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus of real migrations is absent"),
]


class Layout(NamedTuple):
    """What is expected of one layout; `rules` counts scripts by direction and transaction rule."""

    root: str
    tool: str
    dialect: str
    count: int
    first: str
    last: str
    rules: dict[str, int]


def flyway(root: str, dialect: str, count: int, first: str, last: str) -> Layout:
    return Layout(root, "flyway", dialect, count, first, last, {"up unless-forbidden": count})


AUTHELIA = ("V0001.Initial_Schema", "V0026.StorageAADRowScoped", {"up none": 26, "down none": 26})
CONDUCTOR = {
    "mysql": "mysql-persistence/src/main/resources/db",
    "postgres": "postgres-persistence/src/main/resources/db",
    "sqlite": "sqlite-persistence/src/main/resources/db",
}

EXPECTED = {
    "sql/authelia": [
        Layout(f"internal/storage/migrations/{dialect}", "plain", dialect, 26, *AUTHELIA)
        for dialect in ("mysql", "postgres", "sqlite")
    ],
    "sql/chirpstack": [
        Layout(
            "chirpstack/migrations_postgres",
            "diesel",
            "postgres",
            31,
            "00000000000000_initial",
            "2026-06-15-141114-0000_add_tenant_user_app_and_device_profile_admin",
            {"up tool": 31, "down tool": 31},
        ),
        Layout(
            "chirpstack/migrations_sqlite",
            "diesel",
            "sqlite",
            14,
            "00000000000000_initial",
            "2026-06-30-150641-0000_add_tenant_user_app_and_device_profile_admin",
            {"up tool": 14, "down tool": 14},
        ),
        Layout(
            "chirpstack/src/integration/postgresql/migrations",
            "diesel",
            "postgres",
            1,
            "00000000000000_initial",
            "00000000000000_initial",
            {"up tool": 1, "down tool": 1},
        ),
    ],
    "sql/conductor": [
        flyway(f"{CONDUCTOR['mysql']}/migration", "mysql", 10, "1", "10"),
        flyway(
            "postgres-external-storage/src/main/resources/db/migration_external_postgres",
            "postgres",
            1,
            "R__initial_schema",
            "R__initial_schema",
        ),
        flyway(f"{CONDUCTOR['postgres']}/migration_postgres", "postgres", 18, "1", "18"),
        flyway(f"{CONDUCTOR['postgres']}/migration_postgres_data", "postgres", 2, "13.2", "18.1"),
        flyway(f"{CONDUCTOR['postgres']}/migration_postgres_notify", "postgres", 1, "10.1", "10.1"),
        flyway(f"scheduler/{CONDUCTOR['mysql']}/migration_scheduler_mysql", "mysql", 2, "1", "2"),
        flyway(f"scheduler/{CONDUCTOR['postgres']}/migration_scheduler", "postgres", 2, "1", "2"),
        flyway(f"scheduler/{CONDUCTOR['sqlite']}/migration_scheduler_sqlite", "sqlite", 2, "1", "2"),
        flyway(f"{CONDUCTOR['sqlite']}/migration_sqlite", "sqlite", 7, "1", "7"),
    ],
    "sql/crates.io": [
        Layout(
            "migrations",
            "diesel",
            "postgres",
            285,
            "00000000000000_diesel_initial_setup",
            "2026-07-30-140000-0000_add_users_username_index",
            {"up tool": 278, "down tool": 278, "up implicit": 7, "down implicit": 7},
        )
    ],
    "sql/hatchet": [
        Layout(
            "cmd/hatchet-migrate/migrate/migrations",
            "goose",
            "postgres",
            129,
            "20240115180414_init",
            "20250930153446_v1_0_44",
            {"up tool": 112, "down tool": 37, "up none": 17, "down none": 5},
        )
    ],
    "sql/kratos": [
        Layout(
            "persistence/sql/migrations/sql",
            "pop",
            "postgres",
            346,
            "20150100000001000000_networks",
            "20260703000000000000_courier_messages_status_created_at_idx",
            {"up tool": 336, "down tool": 336, "up none": 10, "down none": 10},
        )
    ],
    "sql/langfuse": [
        Layout(
            "packages/shared/prisma/migrations",
            "prisma",
            "postgres",
            434,
            "20230518191501_init",
            "20260821121500_backfill_evaluator_v2",
            {"up implicit": 434},
        )
    ],
    "sql/openfga": [
        Layout(
            "assets/migrations/mysql",
            "goose",
            "mysql",
            8,
            "001_initialize_schema",
            "008_collate_identifiers",
            {"up tool": 8, "down tool": 8},
        ),
        Layout(
            "assets/migrations/postgres",
            "goose",
            "postgres",
            6,
            "001_initialize_schema",
            "006_add_collate_index",
            {"up tool": 5, "down tool": 5, "up none": 1, "down none": 1},
        ),
        Layout(
            "assets/migrations/sqlite",
            "goose",
            "sqlite",
            2,
            "005_initialize_schema",
            "006_add_store_ulid_index",
            {"up tool": 2, "down tool": 2},
        ),
    ],
    "sql/supabase-auth": [
        Layout(
            "migrations",
            "pop",
            "postgres",
            70,
            "00_init_auth_schema",
            "20260625000000_add_custom_claims_allowlist",
            {"up tool": 70},
        )
    ],
    "rendered-alembic": [
        Layout("dispatch-core", "alembic-sql", "postgres", 8, "f011c050b9ba", "903183fd9aee", {"up none": 8}),
        Layout("dispatch-tenant", "alembic-sql", "postgres", 132, "f011c050b9ba", "ff08d822ef2c", {"up none": 132}),
        Layout("polar", "alembic-sql", "postgres", 53, "d5f2b8e1c3a9", "a83cf131398d", {"up none": 53}),
    ],
}


def read(project: str, options: SourceOptions | None = None) -> tuple[LoadedLayout, ...]:
    return read_paths([CORPUS / project], options or SourceOptions())


def summary(layout: LoadedLayout, base: Path) -> Layout:
    found = layout.migrations
    scripts = [script for migration in found.migrations for script in migration.scripts]
    return Layout(
        Path(found.root).relative_to(base).as_posix(),
        found.tool,
        found.dialect,
        len(found.migrations),
        found.migrations[0].id,
        found.migrations[-1].id,
        dict(Counter(f"{script.direction} {script.transaction}" for script in scripts)),
    )


@pytest.mark.parametrize("project", EXPECTED)
def test_a_project_is_detected_by_itself(project: str) -> None:
    layouts = read(project)
    assert [summary(layout, CORPUS / project) for layout in layouts] == EXPECTED[project]
    assert [file for layout in layouts for file in layout.migrations.unreadable] == []


@pytest.mark.parametrize("project", EXPECTED)
def test_every_script_keeps_the_places_of_its_file(project: str) -> None:
    for layout in read(project):
        for migration in layout.migrations.migrations:
            for script in migration.scripts:
                text = script.source.text
                assert len(script.text) == len(text)
                assert all(a == b or a == " " for a, b in zip(script.text, text, strict=True))


def test_crates_io_mixes_two_forms_of_versions() -> None:
    (layout,) = read("sql/crates.io")
    versions = [one.id.split("_")[0].replace("-", "") for one in layout.migrations.migrations]
    assert versions == sorted(versions)
    ids = [one.id for one in layout.migrations.migrations]
    assert ids != sorted(ids)


def test_hatchet_s_annotation_inside_a_statement_counts() -> None:
    (layout,) = read("sql/hatchet")
    (found,) = (one for one in layout.migrations.migrations if one.id.startswith("20250602191423"))
    assert found.up
    assert found.up.transaction == "none"


def test_supabase_s_templates_can_be_filled_in() -> None:
    options = SourceOptions(placeholders={'index .Options "Namespace"': "auth"})
    (layout,) = read("sql/supabase-auth", options)
    scripts = [script for one in layout.migrations.migrations for script in one.scripts]
    assert all(script.placeholders == () and "{{" not in script.text for script in scripts)
    assert sum(len(script.segments) > 0 for script in scripts) > 50


def test_conductor_s_placeholders_are_recorded() -> None:
    spans = {
        script.text[start:end]
        for layout in read("sql/conductor")
        for one in layout.migrations.migrations
        for script in one.scripts
        for start, end in script.placeholders
    }
    assert spans == {"${tableName}", "${maxDataRows}", "${maxDataYears}", "${maxDataMonths}", "${maxDataDays}"}


@pytest.mark.parametrize(("dialect", "count"), [(Dialect.MYSQL, 352), (Dialect.SQLITE, 694)])
def test_kratos_has_other_dialects(dialect: Dialect, count: int) -> None:
    (layout,) = read("sql/kratos", SourceOptions(dialect=dialect))
    assert len(layout.migrations.migrations) == count


@pytest.mark.parametrize("project", ["dispatch-core", "dispatch-tenant", "polar"])
def test_rendered_revisions_come_after_their_parents(project: str) -> None:
    (layout,) = read(f"rendered-alembic/{project}")
    seen: set[str] = set()
    known = {one.id for one in layout.migrations.migrations}
    for one in layout.migrations.migrations:
        assert one.up
        parents = one.up.text.split("down_revision: ", 1)[1].split("\n", 1)[0]
        assert set(parents.replace(",", " ").split()) & known <= seen
        seen.add(one.id)
