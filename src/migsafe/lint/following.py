"""Follows the scripts of migrations while they are rendered, so that a migration can ask what exists."""

from __future__ import annotations

from collections.abc import Callable

from migsafe.model.catalogue import Catalogue
from migsafe.model.catalogue.replay import apply
from migsafe.model.script import Script
from migsafe.model.statement import ReadScript
from migsafe.parse import read_script


class ReadScripts:
    """Reads each script once, though it is asked for twice: while its neighbours are rendered, and to judge it."""

    def __init__(self) -> None:
        self._read: dict[int, ReadScript] = {}

    def read(self, script: Script) -> ReadScript:
        """The script's statements, kept for the next time."""
        if id(script) not in self._read:  # what is kept holds its script: the number stays its own
            self._read[id(script)] = read_script(script)
        return self._read[id(script)]

    def take(self, script: Script) -> ReadScript:
        """The script's statements, for the last time."""
        known = self._read.pop(id(script), None)
        return known or read_script(script)


class Follower:
    """What exists after the scripts so far. Scripts are read only when somebody asks what they left behind."""

    def __init__(self, catalogue: Catalogue, read: Callable[[Script], ReadScript]) -> None:
        """
        Args:
            catalogue: what exists at the beginning; it is changed.
            read: how a script is read.
        """
        self._catalogue = catalogue
        self._read = read
        self._waiting: list[Script] = []

    @property
    def catalogue(self) -> Catalogue:
        """What exists now."""
        for script in self._waiting:
            for statement in self._read(script).statements:
                for operation in statement.operations:
                    apply(self._catalogue, operation)
            self._catalogue.end_transaction()
        self._waiting.clear()
        return self._catalogue

    def follow(self, script: Script) -> None:
        """Take one more script."""
        self._waiting.append(script)

    def fork(self) -> Follower:
        """One that goes its own way from here; what it is given is nobody else's to read again."""
        return Follower(self.catalogue.fork(), read_script)
