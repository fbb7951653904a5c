"""Stories for tests of phases: migrations as text, releases by name, and what is known around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from migsafe.lint.engine import Outcome, ReadMigration, Settings, lint
from migsafe.model.declaration import SILENT, Declaration
from migsafe.model.dialect import Dialect
from migsafe.model.release import Release, ReleaseHistory
from migsafe.model.script import Direction, Migration, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.phases.story import Story
from migsafe.rules import RULES

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def run(
    texts: Mapping[str, str],
    *,
    declared: Mapping[str, Declaration] | None = None,
    downs: Mapping[str, str] | None = None,
) -> Outcome:
    """Lint migrations: name → way up."""
    return lint(
        [
            _read(name, text, (declared or {}).get(name, SILENT), (downs or {}).get(name))
            for name, text in texts.items()
        ],
        RULES.values(),
        Settings(),
    )


def tell(
    texts: Mapping[str, str],
    releases: Mapping[str, tuple[str, ...]] | None = None,
    *,
    declared: Mapping[str, Declaration] | None = None,
    downs: Mapping[str, str] | None = None,
    **more: Any,
) -> Story:
    """A story of migrations; release → the names of those that it is the first to carry, the oldest release first."""
    outcome = run(texts, declared=declared, downs=downs)
    return Story(chapters=outcome.chapters, releases=history(releases or {}), **{"now": NOW} | more)


def history(releases: Mapping[str, tuple[str, ...]]) -> ReleaseHistory:
    """Releases that were cut a month apart, the last of them in October."""
    months = range(10 - len(releases) + 1, 11)
    cut = tuple(
        Release(name, place, date(2026, month, 1), source="manifest")
        for place, (name, month) in enumerate(zip(releases, months, strict=True))
    )
    return ReleaseHistory(cut, {path(name): release for release, names in releases.items() for name in names})


def path(name: str) -> str:
    """The file of a migration."""
    return f"{name}.sql"


def nobody(*_: object) -> tuple[object, ...]:
    """An answer to who uses what: nothing was found to look at."""
    return ()


Answer = Callable[..., Any]


def _read(name: str, text: str, declaration: Declaration, down: str | None) -> ReadMigration:
    up = _script(path(name), Direction.UP, text)
    back = None if down is None else _script(f"{name}.down.sql", Direction.DOWN, down)
    return ReadMigration(
        Migration(name, path(name), up=up, down=back, declaration=declaration),
        up=read_script(up),
        down=read_script(back) if back is not None else None,
    )


def _script(shown: str, direction: Direction, text: str) -> Script:
    return Script(direction, text, SourceText(shown, text), TransactionRule.TOOL, Dialect.POSTGRES)
