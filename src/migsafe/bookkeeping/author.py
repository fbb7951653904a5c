"""Who says something, where nobody has been named."""

from __future__ import annotations

import os

from migsafe.tracker.facts import Author

#: Variables in which systems that build and deploy say on whose behalf they run.
_ACTORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILDKITE_BUILD_CREATOR", "CIRCLE_USERNAME")


def author(by: str | None = None) -> Author:
    """A name that was given, the CI's user, or the login; and the machine."""
    import socket

    named = by or next((os.environ[name] for name in _ACTORS if os.environ.get(name)), None)
    return Author(actor=named or _login(), host=socket.gethostname())


def _login() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "nobody"
