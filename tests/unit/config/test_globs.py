from __future__ import annotations

import pytest

from migsafe.config.globs import matches


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("db/contract/**", "db/contract/1.sql"),
        ("db/contract/**", "db/contract/a/b.sql"),
        ("db/contract/", "db/contract/a/b.sql"),
        ("**/contract/*.sql", "contract/1.sql"),
        ("**/contract/*.sql", "a/b/contract/1.sql"),
        ("db/*_drop_?.sql", "db/0042_drop_x.sql"),
        ("db/[0-4]*.sql", "db/4.sql"),
        ("db/[!0-4]*.sql", "db/5.sql"),
        ("../other/**", "../other/1.sql"),
        ("a+b(1).sql", "a+b(1).sql"),
        ("a[.sql", "a[.sql"),
        ("[^a].sql", "^.sql"),
    ],
)
def test_a_pattern_that_matches(pattern: str, path: str) -> None:
    assert matches(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("db/contract/**", "db/contracts/1.sql"),
        ("contract/*.sql", "contract/a/1.sql"),
        ("contract/*.sql", "db/contract/1.sql"),
        ("db/?.sql", "db/10.sql"),
        ("db/[!0-4].sql", "db/3.sql"),
        ("db/a[!b]c", "db/a/c"),
        ("a.sql", "absql"),
        ("[^a].sql", "b.sql"),
    ],
)
def test_a_pattern_that_does_not(pattern: str, path: str) -> None:
    assert not matches(pattern, path)
