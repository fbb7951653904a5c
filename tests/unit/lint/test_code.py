"""The code of each release is read once, and only when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from migsafe.config import Config
from migsafe.lint import code as module
from migsafe.lint.code import CodeReader
from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.release import Release, ReleaseHistory
from migsafe.model.script import MigrationSet
from migsafe.model.usage import Giving, Subject
from migsafe.phases.story import Story
from migsafe.sources import LoadedLayout
from phase_stories import NOW, path, run
from usage_code import MemoryTree

_USERS = "CREATE TABLE users (id bigint PRIMARY KEY, name text, nickname text, email text);"
_NEXT = {
    "2": "ALTER TABLE users ALTER name SET NOT NULL;",
    "3": "ALTER TABLE users DROP COLUMN email;",
    "4": "ALTER TABLE users ADD phone text NOT NULL;",
}
_THEN = {"a.py": 'execute("INSERT INTO users (nickname, email) VALUES (1, 2)")'}
_NOW = {"a.py": 'execute("INSERT INTO users (name) VALUES (1)")'}
_TABLE = QualifiedName("users", "public")
_OLD = Release("1.8.0", 0, revision="abc")


class _Trees:
    """The trees that were opened, by revision."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, code: Mapping[str | None, Mapping[str, str]]) -> None:
        self.opened: list[str | None] = []
        self._code = code
        monkeypatch.setattr(module, "open_tree", self._open)

    def _open(self, root: Path, revision: str | None) -> MemoryTree:
        self.opened.append(revision)
        return MemoryTree(self._code[revision])


@pytest.fixture
def trees(monkeypatch: pytest.MonkeyPatch) -> _Trees:
    return _Trees(monkeypatch, {"abc": _THEN, None: _NOW})


def _reader(texts: Mapping[str, str] = _NEXT, release: Release = _OLD) -> tuple[CodeReader, Story]:
    outcome = run({"1": _USERS, **texts})
    story = Story(chapters=outcome.chapters, releases=ReleaseHistory((release,), {path("1"): release.name}), now=NOW)
    layout = LoadedLayout(MigrationSet("plain", "x", Dialect.POSTGRES, ()), frozenset())
    return CodeReader(Config(), layout, story, outcome.catalogue), story


def test_both_questions_read_a_release_once(trees: _Trees) -> None:
    reader, story = _reader()
    found = {column: reader.writers(story.chapters[1], Subject(_TABLE, column), _OLD) for column in ("name", "phone")}
    uses = reader.uses(story.chapters[2], Subject(_TABLE, "email"), _OLD)
    assert trees.opened == ["abc"]
    assert [[one.giving for one in said.found] for said in found.values() if said] == [[Giving.LEAVES_OUT]] * 2
    assert {one.source: one.use.value for one in uses}["sql-literals"] == "strong"


def test_nothing_is_opened_before_somebody_asks(trees: _Trees) -> None:
    _reader()
    assert trees.opened == []


def test_code_that_git_does_not_have_is_not_to_be_had(trees: _Trees) -> None:
    lost = Release("1.8.0", 0, source="manifest")
    reader, story = _reader(release=lost)
    assert reader.writers(story.chapters[1], Subject(_TABLE, "name"), lost) is None
    assert trees.opened == []


def test_what_the_code_has_given_up(trees: _Trees) -> None:
    reader, _ = _reader({})
    assert list(map(str, reader.given_up())) == ["public.users.nickname", "public.users.email"]
    assert trees.opened == ["abc", None]


def test_a_word_elsewhere_is_still_a_use(monkeypatch: pytest.MonkeyPatch) -> None:
    _Trees(monkeypatch, {"abc": _THEN, None: {**_NOW, "page.html": "{{ user.nickname }}"}})
    reader, _ = _reader({})
    assert list(map(str, reader.given_up())) == ["public.users.email"]


def test_what_the_database_itself_uses_is_not_given_up(trees: _Trees) -> None:
    reader, _ = _reader({"2": "CREATE VIEW nicknames AS SELECT nickname FROM users;"})
    assert list(map(str, reader.given_up())) == ["public.users.email"]


def test_what_is_dropped_already_is_not_given_up(trees: _Trees) -> None:
    reader, _ = _reader({"2": "ALTER TABLE users DROP COLUMN email;"})
    assert list(map(str, reader.given_up())) == ["public.users.nickname"]
