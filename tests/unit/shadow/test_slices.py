from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.shadow import slices
from migsafe.shadow.slices import Slice, cut, how_many
from migsafe.shadow.steps import Steps
from migsafe.sources import SourceOptions, read_paths

if TYPE_CHECKING:
    from migsafe.sources import LoadedLayout


def layout_of(folder: Path, *texts: str) -> LoadedLayout:
    for number, text in enumerate(texts):
        place = folder / f"{number:03}_m"
        place.mkdir(parents=True)
        (place / "up.sql").write_text(text)
        (place / "down.sql").write_text("SELECT 1;")
    (layout,) = read_paths([folder], SourceOptions())
    return layout


def wanted(layout: LoadedLayout, *places: int) -> Steps:
    names = {f"{place:03}_m" for place in places}
    return Steps(replace(layout, selected=frozenset(f for f in layout.selected if Path(f).parent.name in names)))


@pytest.fixture
def ten(tmp_path: Path) -> LoadedLayout:
    return layout_of(tmp_path, *["SELECT 1;"] * 10)


def test_slices_follow_one_another(ten: LoadedLayout) -> None:
    steps = Steps(ten)
    assert cut(steps, 1) == (Slice(0, 10),)
    assert cut(steps, 3) == (Slice(0, 3), Slice(3, 6), Slice(6, 10))


def test_each_has_as_many_to_prove(ten: LoadedLayout) -> None:
    assert cut(wanted(ten, 0, 7, 8, 9), 2) == (Slice(0, 8), Slice(8, 10))


def test_nothing_behind_the_last_wanted_one_is_in_a_slice(ten: LoadedLayout) -> None:
    assert cut(wanted(ten, 2, 5), 2) == (Slice(0, 3), Slice(3, 6))


def test_no_slice_is_without_something_to_prove(ten: LoadedLayout) -> None:
    assert cut(wanted(ten, 4, 6), 8) == (Slice(0, 5), Slice(5, 7))


def test_a_number_that_was_asked_for_is_taken(ten: LoadedLayout) -> None:
    assert how_many(3, Steps(ten)) == 3
    assert how_many(99, Steps(ten)) == 8


def test_by_itself_only_what_pays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "_cores", lambda: 16)
    layout = layout_of(tmp_path, *["SELECT 1;"] * 120)
    assert how_many(None, wanted(layout, 119)) == 1
    assert how_many(None, wanted(layout, *range(60))) == 2
    assert how_many(None, Steps(layout)) == 4
    monkeypatch.setattr(slices, "_cores", lambda: 2)
    assert how_many(None, Steps(layout)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "CREATE ROLE app;",
        "SELECT 1; drop  user app",
        "DO $$ BEGIN EXECUTE 'create role app'; END $$;",
        "DO $$BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') THEN CREATE ROLE app; END IF; END$$;",
        "ALTER DATABASE app SET timezone = 'UTC';",
        "/* why */ ALTER SYSTEM SET work_mem = '4MB';",
        "SELECT 'app'::regrole;",
    ],
)
def test_what_belongs_to_the_server_is_for_one_job(tmp_path: Path, text: str) -> None:
    layout = layout_of(tmp_path, "SELECT 1;", text)
    assert how_many(4, Steps(layout)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE users (a int); DROP TABLE groups;",
        "-- alter user schema\nSELECT 1;",
        "DO $$ BEGIN RAISE EXCEPTION 'cannot create user with this name'; END $$;",
        "SELECT count(*) FROM t GROUP BY role; GRANT SELECT ON t TO app;",
        "CREATE TABLE role (a int); ALTER TABLE user_group ADD COLUMN b int;",
    ],
)
def test_what_only_looks_like_it_is_not(tmp_path: Path, text: str) -> None:
    assert how_many(4, Steps(layout_of(tmp_path, "SELECT 1;", text))) == 4


def test_the_setup_counts_too(ten: LoadedLayout) -> None:
    assert how_many(4, Steps(ten), "CREATE ROLE app") == 1
