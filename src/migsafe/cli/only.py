"""`--only new|all`: which migrations are proved when nobody names them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from migsafe.config.base_branch import find_base, is_ci
from migsafe.errors import UsageError

NEW = "new"
ALL = "all"

_HINT = "say --diff origin/main, or whatever the branch is to be merged into"


def choose(
    only: str | None, *, diff: str | None, since: str | None, paths: bool, environ: Mapping[str, str]
) -> tuple[str | None, str | None]:
    """The git revision since which migrations are proved, and a line for the person who did not choose it.

    Args:
        only: what was said.
        diff: the revision that was named.
        since: the migration that was named.
        paths: whether files or folders were named.
        environ: the environment.

    Raises:
        UsageError: when `--only all` is said together with what leaves some out, or it is not known what is new.
    """
    if only == ALL:
        for option, value in (("--diff", diff), ("--since", since)):
            if value is not None:
                raise UsageError(f"--only all leaves no migration out, and {option} does", hint="say one of them")
        return None, None
    if diff is not None or (only is None and (paths or since is not None or not is_ci(environ))):
        return diff, None
    base = find_base(environ)
    if only is None and base is None:
        return None, "all migrations are proved: which of them are new is not known here (--diff GIT_REF says it)"
    if base is None:
        raise UsageError("--only new: no variable of a CI system says which migrations are new", hint=_HINT)
    if only is None and not _is_there(base.ref):
        return None, f"all migrations are proved: {base.ref} ({base.variable}) is not in this clone; CI has to fetch it"
    return base.ref, f"only migrations since {base.ref} are proved ({base.variable}); --only all proves all"


def _is_there(ref: str) -> bool:
    from migsafe.sources.changed import is_known  # only in CI

    return is_known(ref, Path.cwd())
