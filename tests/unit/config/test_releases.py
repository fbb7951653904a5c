from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from migsafe.config import Config, load_config
from migsafe.config.releases import ReleaseSettings
from migsafe.errors import ConfigurationError
from migsafe.model.phase import Phase

EVERYTHING = """\
[release]
tag_pattern = "release-* !*-rc*"
source = "manifest"
manifest = "ops/releases.toml"
min_releases = 2
min_age = "3w"

[phases]
"db/**" = "expand"
"db/contract/**" = "contract"
"""


def load(folder: Path, text: str, environ: dict[str, str] | None = None) -> Config:
    (folder / "migsafe.toml").write_text(text, encoding="utf-8")
    return load_config(start=folder, environ=environ or {})


def test_without_a_table_the_defaults_hold(tmp_path: Path) -> None:
    config = load(tmp_path, "")
    assert config.release == ReleaseSettings()
    assert config.release.min_age == timedelta(days=7)
    assert config.phase_at("db/1.sql") is None


def test_every_key_is_read(tmp_path: Path) -> None:
    assert load(tmp_path, EVERYTHING).release == ReleaseSettings(
        tag_pattern="release-* !*-rc*",
        source="manifest",
        manifest=Path("ops/releases.toml"),
        min_releases=2,
        min_age=timedelta(weeks=3),
    )


def test_a_manifest_is_seen_from_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "migsafe.toml").write_text(EVERYTHING)
    (tmp_path / "app").mkdir()
    found = load_config(start=tmp_path / "app", environ={})
    assert found.release.manifest == Path("../ops/releases.toml")


def test_the_last_pattern_that_matches_says_the_phase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load(tmp_path, EVERYTHING)
    monkeypatch.chdir(tmp_path)
    assert config.phase_at("db/1.sql") is Phase.EXPAND
    assert config.phase_at("db/contract/1.sql") is Phase.CONTRACT
    assert config.phase_at(str(tmp_path / "db" / "contract" / "1.sql")) is Phase.CONTRACT
    assert config.phase_at("other/1.sql") is None
    (tmp_path / "db").mkdir()
    monkeypatch.chdir(tmp_path / "db")
    assert config.phase_at("contract/1.sql") is Phase.CONTRACT


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    said = {"MIGSAFE_RELEASE_SOURCE": "git", "MIGSAFE_RELEASE_MIN_RELEASES": "0", "MIGSAFE_RELEASE_MIN_AGE": "0d"}
    release = load(tmp_path, EVERYTHING, said).release
    assert (release.source, release.min_releases, release.min_age) == ("git", 0, timedelta(0))
    assert release.tag_pattern == "release-* !*-rc*"


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("release = 1\n", 'key "release" must be a table', "[tool.migsafe.release]"),
        ("[release]\ntag_patern = 'v*'\n", 'release: unknown key "tag_patern"', "did you mean tag_pattern?"),
        ("[release]\nsource = 'gti'\n", 'key "source" is gti', "did you mean git"),
        ("[release]\nmin_releases = -1\n", 'key "min_releases" is -1', None),
        ("[release]\nmin_releases = true\n", 'key "min_releases" is True', None),
        ("[release]\nmin_age = 7\n", 'key "min_age" is 7', None),
        ("[release]\nmin_age = '7 fortnights'\n", "it must be a number of days or weeks", None),
        ("[release]\ntag_pattern = '!v*'\n", 'key "tag_pattern" is !v*', None),
        ("[phases]\n'db/**' = 'contrct'\n", 'phases: key "db/**" is contrct', "did you mean contract?"),
        ("[releases]\n", 'unknown key "releases"', "did you mean release?"),
    ],
)
def test_what_is_wrong_is_told_with_the_key(tmp_path: Path, text: str, said: str, hint: str | None) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text)
    assert said in caught.value.message
    assert hint is None or hint in str(caught.value.hint)


def test_a_variable_that_is_nearly_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="MIGSAFE_RELEASE_SOURCES"):
        load(tmp_path, "", {"MIGSAFE_RELEASE_SOURCES": "git"})
    with pytest.raises(ConfigurationError, match="variable MIGSAFE_RELEASE_SOURCE is svn"):
        load(tmp_path, "", {"MIGSAFE_RELEASE_SOURCE": "svn"})
