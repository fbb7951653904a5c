"""git, the program: the one place that runs it, without a shell and without a question to the person."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from migsafe.errors import EnvironmentFailedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TIMEOUT_SECONDS = 60

#: A repository's own settings start no program, and change no output, while it is only read.
_SETTINGS = ("core.fsmonitor=false", "log.showSignature=false", "log.follow=false")
_NO_REPOSITORY = ("not a git repository", "must be run in a work tree")


class GitRefusedError(UsageError):
    """git ran, and said no.

    Attributes:
        said: what it wrote, in its own words.
        no_repository: there is no working tree to ask about.
    """

    def __init__(self, said: str, *, hint: str | None = None) -> None:
        self.said = said
        self.no_repository = any(words in said for words in _NO_REPOSITORY)
        super().__init__(f"git: {said or 'failed'}", hint=hint)


def git(arguments: Sequence[str], folder: Path, *, feed: str = "", timeout: float = TIMEOUT_SECONDS) -> str:
    """Run git in a folder.

    Args:
        arguments: a command and what it is given; options must be ended before any word of the user's.
        feed: what it reads from its standard input.
        timeout: seconds.

    Returns:
        What it prints; a path that is not UTF-8 keeps its bytes as surrogates, as everywhere in Python.

    Raises:
        GitRefusedError: when it fails.
        EnvironmentFailedError: when it is missing, or does not answer.
    """
    try:
        done = subprocess.run(  # noqa: S603  # no shell, and a resolved program
            command_line(arguments),
            cwd=folder,
            env=_environment(),
            input=os.fsencode(feed),
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EnvironmentFailedError(f"git did not answer within {timeout:g} seconds") from error
    if done.returncode != 0:
        raise GitRefusedError(_first_line(done.stderr))
    return done.stdout.decode("utf-8", "surrogateescape")


def start_git(arguments: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a git that answers line by line until its standard input is closed.

    Raises:
        EnvironmentFailedError: when git is missing.
    """
    return subprocess.Popen(  # noqa: S603  # no shell, and a resolved program
        command_line(arguments),
        cwd=folder,
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def command_line(arguments: Sequence[str]) -> list[str]:
    """The whole command line.

    Raises:
        EnvironmentFailedError: when git is missing.
    """
    program = shutil.which("git")
    if program is None:
        raise EnvironmentFailedError("git is not installed")
    return [program, "--literal-pathspecs", *(word for one in _SETTINGS for word in ("-c", one)), *arguments]


def _environment() -> Mapping[str, str]:
    """English words, no question for a password, and no lock taken for a mere look."""
    return os.environ | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}


def _first_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else ""
