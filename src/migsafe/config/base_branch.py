"""What a change is to be merged into, as CI systems say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_REMOTE = "origin/"

#: Variables that are set for a change that waits to be merged, and whether they hold a branch or a commit:
#: GitHub (and Gitea, Forgejo), GitLab, Bitbucket Pipelines, Jenkins' multibranch pipelines.
_VARIABLES = (
    ("GITHUB_BASE_REF", True),
    ("CI_MERGE_REQUEST_DIFF_BASE_SHA", False),
    ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", True),
    ("BITBUCKET_PR_DESTINATION_BRANCH", True),
    ("CHANGE_TARGET", True),
)
_NO = frozenset({"", "0", "false", "no"})


@dataclass(frozen=True, slots=True)
class Base:
    """What a change is to be merged into.

    Attributes:
        ref: a git revision.
        variable: the environment variable that says so.
    """

    ref: str
    variable: str


def is_ci(environ: Mapping[str, str]) -> bool:
    """Whether this is a CI run: `CI` is set, as nearly every CI system does."""
    return environ.get("CI", "").strip().lower() not in _NO


def find_base(environ: Mapping[str, str]) -> Base | None:
    """What the change that a CI system builds is to be merged into; None where none of them says so."""
    for variable, is_branch in _VARIABLES:
        if value := environ.get(variable, "").strip():
            return Base(_REMOTE + value if is_branch else value, variable)
    return None
