from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.errors import UsageError
from migsafe.history.cutting import HEADER, extended, next_release, render
from migsafe.history.manifest import Manifest, ManifestRelease, read_manifest

DAY = date(2026, 11, 23)
ONE = ManifestRelease("1.0", DAY, ("db/1.sql",), 4)
KNOWN = Manifest(Path("m.toml"), render(ONE), (ONE,))


def test_a_new_release_carries_what_none_has_carried() -> None:
    assert next_release(KNOWN, "1.1", DAY, ["db/1.sql", "db/2.sql", "db/2.sql"]).migrations == ("db/2.sql",)


@pytest.mark.parametrize(
    ("name", "paths", "said"),
    [
        ("1.0", ["db/2.sql"], 'release "1.0" was cut before: m.toml:4'),
        ("v1.0", ["db/2.sql"], 'release "1.0" was cut before'),
        ("1.1", ["db/1.sql"], "nothing to cut"),
        ("", ["db/2.sql"], "is no name"),
        ("-x", ["db/2.sql"], "is no name"),
        ("a b", ["db/2.sql"], "is no name"),
        ("1.1", ["db/\udcff.sql"], "cannot stand in a manifest"),
        ("1.1", ["db/\n.sql"], "cannot stand in a manifest"),
    ],
)
def test_what_is_refused(name: str, paths: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        next_release(KNOWN, name, DAY, paths)
    assert said in caught.value.message


def test_an_empty_release_has_to_be_asked_for() -> None:
    assert next_release(KNOWN, "1.1", None, ["db/1.sql"], empty=True) == ManifestRelease("1.1", None, ())


def test_nothing_that_was_there_changes() -> None:
    old = '# ours\r\n[[release]]\r\nname = "1.0"\r\nmigrations = [ "x" ]   # by hand'
    new = extended(Manifest(Path("m"), old), [ONE])
    assert new.startswith(old + "\r\n\r\n[[release]]\r\n")
    assert "\n" not in new.replace("\r\n", "")


def test_the_form_of_a_new_manifest() -> None:
    assert extended(Manifest(Path("m")), [ONE]) == HEADER + (
        '\n[[release]]\nname = "1.0"\nday = 2026-11-23\nmigrations = [\n    "db/1.sql",\n]\n'
    )


PATHS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1).filter(
    lambda text: "/" not in text and text not in {".", ".."}
)


@given(st.lists(PATHS, unique=True))
def test_whatever_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, paths: list[str]) -> None:
    file = tmp_path_factory.mktemp("m") / "migsafe.releases.toml"
    release = next_release(Manifest(file), "2026.11", DAY, paths, empty=True)
    file.write_text(extended(Manifest(file), [release]), encoding="utf-8")
    (found,) = read_manifest(file).releases
    assert (found.name, found.day, found.migrations) == ("2026.11", DAY, tuple(paths))
