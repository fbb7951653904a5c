"""A check that asks anew at each look, and remembers nothing: what cannot be asked is no failure, and no pass."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from migsafe.deploy.verdict import Result, Verdict
from migsafe.errors import MigsafeError

if TYPE_CHECKING:
    from migsafe.deploy.checks.judging import Judgement
    from migsafe.deploy.verdict import Window

#: What a query may have in it that a window gives.
PLACE = re.compile(r"\{(candidate|stable|seconds)\}")


class AskedAnew(ABC):
    """The base of those that ask a page, a program, a server or a database; each says itself how far it looks back."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        """As deploy.toml calls it."""
        return self._name

    def begin(self) -> None:  # noqa: B027 -- there is nothing to remember, which is what these checks share
        """Every look is for itself."""

    def judge(self, window: Window) -> Verdict:
        """Ask, and compare; a source that does not answer leaves it open."""
        try:
            result, text = self._judge(window)
        except MigsafeError as error:
            result, text = Result.INCONCLUSIVE, error.message
        return Verdict(check=self._name, result=result, text=text)

    @abstractmethod
    def _judge(self, window: Window) -> Judgement:
        """What is to be said of the window.

        Raises:
            MigsafeError: when nobody can be asked.
        """
