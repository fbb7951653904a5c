from __future__ import annotations

import pytest

from migsafe.postgres.queries import load, parse, query


def test_blocks_are_cut_at_their_headings() -> None:
    blocks = parse("-- about the file\n\n-- one --\nselect 1\n\n-- two --\n-- why\nselect '-- three --'\n")
    assert blocks == {"one": "select 1", "two": "-- why\nselect '-- three --'"}


def test_two_blocks_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two queries are called one"):
        parse("-- one --\nselect 1\n-- one --\nselect 2\n")


def test_an_empty_block_is_refused() -> None:
    with pytest.raises(ValueError, match="the query one is empty"):
        parse("-- one --\n\n-- two --\nselect 2\n")


@pytest.mark.parametrize("file", ["queries.sql", "activity.sql", "snapshot.sql"])
def test_the_package_ships_its_files(file: str) -> None:
    assert len(load(file)) > 3


def test_a_query_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        query("no_such_query")
