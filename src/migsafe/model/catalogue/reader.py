"""What a program that makes SQL may ask of the database that its earlier migrations have made."""

from __future__ import annotations

from typing import Protocol

from migsafe.model.catalogue.catalogue import Catalogue
from migsafe.model.script import Script


class CatalogueReader(Protocol):
    """Follows scripts, one after another, and knows what exists after them.

    Sources that render migrations hand it each script and answer the program's questions from its catalogue; how
    scripts are read is not their concern.
    """

    @property
    def catalogue(self) -> Catalogue:
        """What exists after all scripts so far; not to be changed, and valid until the next script."""

    def follow(self, script: Script) -> None:
        """Take one more script: what it does has been done."""

    def fork(self) -> CatalogueReader:
        """A reader that knows the same and goes its own way from here."""
