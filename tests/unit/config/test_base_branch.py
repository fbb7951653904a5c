"""What CI systems say about the branch that a change is to be merged into."""

from __future__ import annotations

import pytest

from migsafe.config.base_branch import Base, find_base, is_ci


@pytest.mark.parametrize(
    ("environ", "ref"),
    [
        ({"GITHUB_BASE_REF": "main"}, "origin/main"),
        ({"GITHUB_BASE_REF": "releases/v2"}, "origin/releases/v2"),
        ({"CI_MERGE_REQUEST_DIFF_BASE_SHA": "6f59ce2"}, "6f59ce2"),
        ({"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}, "origin/main"),
        ({"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_MERGE_REQUEST_DIFF_BASE_SHA": "6f59ce2"}, "6f59ce2"),
        ({"BITBUCKET_PR_DESTINATION_BRANCH": "develop"}, "origin/develop"),
        ({"CHANGE_TARGET": "main"}, "origin/main"),
    ],
)
def test_each_system_is_understood(environ: dict[str, str], ref: str) -> None:
    base = find_base({"CI": "true", "HOME": "/", **environ})
    assert base is not None
    assert (base.ref, base.variable in environ) == (ref, True)


@pytest.mark.parametrize("environ", [{}, {"CI": "true"}, {"GITHUB_BASE_REF": ""}, {"GITHUB_REF": "refs/heads/main"}])
def test_a_build_that_is_no_change_has_none(environ: dict[str, str]) -> None:
    """GitHub sets its variable for every build, and leaves it empty but for pull requests."""
    assert find_base(environ) is None


def test_an_empty_variable_hides_no_other() -> None:
    assert find_base({"GITHUB_BASE_REF": "", "CHANGE_TARGET": "main"}) == Base("origin/main", "CHANGE_TARGET")


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("1", True), ("woodpecker", True), ("", False)])
def test_what_sets_ci(value: str, expected: bool) -> None:
    assert is_ci({"CI": value}) is expected


@pytest.mark.parametrize("environ", [{}, {"CI": "false"}, {"CI": "0"}, {"GITHUB_ACTIONS": "true"}])
def test_what_is_not_ci(environ: dict[str, str]) -> None:
    assert not is_ci(environ)
