from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from migsafe.errors import ConfigurationError, ExitCode
from migsafe.history.manifest import ManifestRelease, read_manifest

GOOD = """\
# ours
[[release]]
name = "1.9.0"
day = 2026-11-23
migrations = [
    "db/1.sql",
    "./db/2.sql",
]

[[release]]
name = "1.9.1"
migrations = []
"""

TWICE = """\
[[release]]
name = "1"
migrations = ["a.sql"]

[[release]]
name = "2"
migrations = [
  "b.sql",
  "./a.sql",
]
"""


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "migsafe.releases.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_a_manifest(tmp_path: Path) -> None:
    found = read_manifest(written(tmp_path, GOOD))
    assert found.releases == (
        ManifestRelease("1.9.0", date(2026, 11, 23), ("db/1.sql", "db/2.sql"), 2),
        ManifestRelease("1.9.1", None, (), 10),
    )
    assert found.named("v1.9.1") == found.releases[1]
    assert found.named("1.9") is None


def test_an_empty_manifest(tmp_path: Path) -> None:
    assert read_manifest(written(tmp_path, "# nothing yet\n")).releases == ()


@pytest.mark.parametrize(
    ("text", "line", "said", "hint"),
    [
        ('[[release]]\nname = "1\n', 2, "is not TOML: Illegal character", None),
        ('[[release]]\nname = "1"\nmigrations = [', 3, "is not TOML", None),
        ("version = 1\n", 1, 'unknown key "version"', "a manifest is a list"),
        ('[[releases]]\nname = "1"\n', 1, 'unknown key "releases"', "did you mean release?"),
        ("release = 1\n", 1, "must be a list of tables", "[[release]]"),
        (
            '\n[[release]]\nname = "1"\n\n[[release]]\nname = "2"\nmigration = []\n',
            7,
            'unknown key "migration"',
            "migrations?",
        ),
        ("[[release]]\nday = 2026-01-01\n", 1, 'needs a "name"', None),
        ('[[release]]\nday = 2026-01-01\nname = "a b"\n', 3, 'needs a "name"', None),
        ('[[release]]\nname = "1"\nday = "2026-01-01"\n', 3, '"day" must be a day', None),
        ('[[release]]\nname = "1"\nday = 2026-01-01T10:00:00\n', 3, '"day" must be a day', None),
        ('[[release]]\nname = "1"\nmigrations = "a.sql"\n', 3, '"migrations" must be a list', None),
        ('[[release]]\nname = "1"\nmigrations = ["/db/a.sql"]\n', 3, "/db/a.sql must be a path from", None),
        ('[[release]]\nname = "1"\n[[release]]\nname = "v1"\n', 4, 'release "v1" stands here twice', None),
        (TWICE, 9, 'a.sql is in "1" and "2"', "the first release that carries it"),
        ('[[release]]\nname = "1"\nmigrations = [\n"a.sql",\n"a.sql",\n]\n', 5, "a.sql is in twice in one", None),
    ],
)
def test_what_is_wrong_is_one_line_with_the_place(
    tmp_path: Path, text: str, line: int, said: str, hint: str | None
) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        read_manifest(file)
    assert caught.value.message.startswith(f"{file}:{line}: ")
    assert said in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.exit_code is ExitCode.USAGE
    assert hint is None or hint in str(caught.value.hint)


@pytest.mark.parametrize(("data", "said"), [(b"name = '\xff'", "is not UTF-8"), (None, "cannot be read")])
def test_a_file_that_is_no_text(tmp_path: Path, data: bytes | None, said: str) -> None:
    file = tmp_path if data is None else written(tmp_path, data)
    with pytest.raises(ConfigurationError, match=said):
        read_manifest(file)
