"""The headers of SQL migrations, as each tool's source reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.model.declaration import SILENT, Declaration
from migsafe.model.dialect import Dialect
from migsafe.model.phase import Part, Phase
from migsafe.model.script import Position, SourceText
from migsafe.sources import SourceOptions, read_paths
from migsafe.sources.plain import Plain
from source_layouts import write_files

HEADER = "-- migsafe: phase=contract change=users-name"
DECLARED = (Phase.CONTRACT, "users-name")


def declared(text: str, dialect: Dialect = Dialect.POSTGRES) -> Declaration:
    (migration,) = Plain().read_text(SourceText("1_a.sql", text), SourceOptions(dialect=dialect))
    return migration.declaration


def test_every_key() -> None:
    found = declared("-- migsafe: phase=contract change=a of=0007_b release=2026.11 part=quarantine\nSELECT 1;\n")
    assert found == Declaration(
        Phase.CONTRACT, "a", "0007_b", "2026.11", Part.QUARANTINE, place=Position(1, 1), problem=None
    )


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\nDROP TABLE t;",
        "--migsafe:phase=contract change=users-name\r\nDROP TABLE t;",
        "/* migsafe: phase=contract\n   change=users-name */ DROP TABLE t;",
        f"-- A licence.\n/* /* nested */ */\n\n{HEADER}\nDROP TABLE t;",
        f"BEGIN;\n{HEADER}\nDROP TABLE t;",
        f"\\set ON_ERROR_STOP on\n{HEADER}\nDROP TABLE t;",
        "-- migsafe: phase=contract\n-- migsafe: change='users-name'\nDROP TABLE t;",
        f"-- migsafe: ignore drop-table reason=x\n{HEADER}\nDROP TABLE t;",
        HEADER,
    ],
)
def test_where_a_header_may_stand(text: str) -> None:
    found = declared(text)
    assert ((found.phase, found.change), found.problem) == (DECLARED, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SELECT 1;",
        "-- migsafe: ignore drop-table reason=x\nDROP TABLE t;",
        "-- see migsafe: phase=contract\nDROP TABLE t;",
        "SELECT 1; -- migsafe\n",
        "SELECT ' migsafe: phase=contract';",
        "/*! migsafe: phase=contract */ SELECT 1;",
    ],
)
def test_what_is_no_header(text: str) -> None:
    assert declared(text) is SILENT


def test_the_marker_of_a_way_back_is_no_declaration_of_a_phase() -> None:
    found = declared('-- migsafe: irreversible reason="the rows were wrong"\nDELETE FROM t;')
    assert found == Declaration(irreversible="the rows were wrong")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("phaze=contract", "has the unknown key 'phaze'; did you mean phase?"),
        ("phase=contrcat", "names the unknown phase 'contrcat'; did you mean contract?"),
        ("phase=later", "names the unknown phase 'later'; known are expand, migrate, contract"),
        ("part=purg", "names the unknown part 'purg'; did you mean purge?"),
        ("change=a change=b", "says 'change' twice"),
        ("change=", "gives 'change' no value"),
        ("change=''", "gives 'change' no value"),
        ("contract", "has the word 'contract', which is no key=value"),
        ("ignored phase=expand", "has the word 'ignored', which is no key=value; did you mean ignore?"),
        ("", "says nothing after `migsafe:`"),
    ],
)
def test_problems(words: str, problem: str) -> None:
    found = declared(f"-- head\n-- migsafe: {words}\nSELECT 1;")
    assert (found.problem, found.place) == (problem, Position(2, 1))


def test_what_is_understood_counts_beside_a_problem() -> None:
    found = declared("-- migsafe: phase=expand colour=red change=a\nSELECT 1;")
    assert (found.phase, found.change) == (Phase.EXPAND, "a")
    assert found.problem


def test_a_header_behind_the_first_statement_is_said() -> None:
    found = declared("SELECT 1;\n-- migsafe: phase=contract\nDROP TABLE t;")
    assert found.phase is None
    assert (found.place, found.problem) == (
        Position(2, 1),
        "has a part behind the first statement: it counts only before it",
    )


def test_mysql_writes_comments_with_a_hash() -> None:
    assert declared("# migsafe: phase=expand\nSELECT 1;", Dialect.MYSQL).phase is Phase.EXPAND
    assert declared("--migsafe: phase=expand\nSELECT 1;", Dialect.MYSQL).phase is None


LAYOUTS = {
    "goose": {"1_a.sql": "-- +goose Up\n-- +goose StatementBegin\n{}\nSELECT 1;\n-- +goose Down\nSELECT 2;\n"},
    "goose-before": {"1_a.sql": "{}\n-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n"},
    "dbmate": {"1_a.sql": "-- migrate:up transaction:false\n{}\nSELECT 1;\n-- migrate:down\nSELECT 2;\n"},
    "diesel": {"1_a/up.sql": "{}\nSELECT 1;", "1_a/down.sql": "SELECT 2;"},
    "prisma": {"1_a/migration.sql": "{}\nSELECT 1;"},
    "golang-migrate": {"1_a.up.sql": "{}\nSELECT 1;", "1_a.down.sql": "SELECT 2;"},
    "pop": {"20240101000000_a.postgres.up.sql": "{}\nSELECT 1;", "20240101000000_a.postgres.down.sql": "SELECT 2;"},
    "flyway": {"V1__a.sql": "{}\nSELECT 1;", "U1__a.sql": "SELECT 2;"},
    "sqitch": {
        "sqitch.plan": "%project=x\n\na 2024-01-01T00:00:00Z A <a@b>\n",
        "deploy/a.sql": "-- Deploy x:a to pg\n{}\nBEGIN;\nSELECT 1;\nCOMMIT;\n",
    },
    "plain": {"1_a.sql": "{}\nSELECT 1;"},
    "alembic-sql": {"all.sql": "BEGIN;\n\n-- Running upgrade  -> abc\n\n{}\nSELECT 1;\n\nCOMMIT;\n"},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_source_reads_headers(layout: str, tmp_path: Path) -> None:
    root = write_files(tmp_path, {name: text.replace("{}", HEADER) for name, text in LAYOUTS[layout].items()})
    (loaded,) = read_paths([root], SourceOptions())
    (migration,) = loaded.migrations.migrations
    assert loaded.migrations.tool == layout.removesuffix("-before")
    assert (migration.declaration.phase, migration.declaration.change) == DECLARED
    assert migration.declaration.problem is None


def test_the_way_down_declares_nothing(tmp_path: Path) -> None:
    root = write_files(tmp_path, {"1_a.up.sql": "SELECT 1;", "1_a.down.sql": f"{HEADER}\nSELECT 2;"})
    (loaded,) = read_paths([root], SourceOptions(tool="golang-migrate"))
    (migration,) = loaded.migrations.migrations
    assert migration.declaration == Declaration(
        place=Position(1, 1), problem="stands in the way down: only that of the way up counts"
    )


def test_of_two_headers_that_of_the_way_up_counts(tmp_path: Path) -> None:
    files = {"1_a.up.sql": "-- migsafe: phase=expand\nSELECT 1;", "1_a.down.sql": f"{HEADER}\nSELECT 2;"}
    (loaded,) = read_paths([write_files(tmp_path, files)], SourceOptions(tool="golang-migrate"))
    assert loaded.migrations.migrations[0].declaration == Declaration(Phase.EXPAND, place=Position(1, 1))


def test_sections_of_one_file_declare_for_themselves(tmp_path: Path) -> None:
    text = (
        "-- Running upgrade  -> a\n\n-- migsafe: phase=expand\nSELECT 1;\n\n"
        "-- Running upgrade a -> b\n\n-- migsafe: phase=contract\nSELECT 2;\n"
    )
    (loaded,) = read_paths([write_files(tmp_path, {"all.sql": text})], SourceOptions())
    phases = [(one.declaration.phase, one.declaration.place) for one in loaded.migrations.migrations]
    assert phases == [(Phase.EXPAND, Position(3, 1)), (Phase.CONTRACT, Position(8, 1))]
