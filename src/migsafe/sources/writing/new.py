"""What is written: migrations as values, and the files that they become."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migsafe.model.declaration import SILENT, Declaration

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class NewMigration:
    """A migration that does not exist yet.

    Attributes:
        name: words with dashes: `add-full-name`; numbers and endings are the layout's.
        up: statements in order, each with or without its semicolon.
        down: the way back, in the order in which it runs; empty where there is nothing to do.
        transaction: whether all of a direction is one transaction; else each statement commits by itself.
        declaration: what it declares; the writer puts it where the reader finds it.
        note: a comment at its head; it may have several lines.
        no_way_back: why `down` is empty on purpose; written as the `irreversible` marker.
    """

    name: str
    up: tuple[str, ...]
    down: tuple[str, ...] = ()
    transaction: bool = True
    declaration: Declaration = SILENT
    note: str | None = None
    no_way_back: str | None = None

    @property
    def reason(self) -> str | None:
        """Why there is no way back, wherever it was said."""
        return self.no_way_back or self.declaration.irreversible


@dataclass(frozen=True, kw_only=True)
class MovedCode(NewMigration):
    """A migration of Python code that stood in another one; `up` and `down` are empty.

    Attributes:
        forward: the body of `upgrade()`, or the elements of `operations`, as whole lines.
        backward: the body of `downgrade()`; empty for one with nothing in it, and for Django.
        imports: the lines that it needs besides those of every migration.
    """

    forward: str
    backward: str = ""
    imports: tuple[str, ...] = ()


@dataclass(frozen=True)
class WrittenFile:
    """A file as it is to be.

    Attributes:
        path: absolute.
        text: all of it, with the line breaks of the project; saved as UTF-8.
        was: the text that it replaces; None for a new file.
        remark: what a person should know of it, in one sentence without a full stop.
    """

    path: Path
    text: str
    was: str | None = None
    remark: str | None = None


@dataclass(frozen=True)
class WritingOptions:
    """What the layout cannot say by itself.

    Attributes:
        head: Alembic: the revision to build on, where there are several heads; its id or its beginning.
        app: Django: the label of the app.
        planner: Sqitch: the name and address in the plan, `Ada <ada@example.org>`.
        after: the file of a migration that the new ones must follow directly; the last one when left out.
    """

    head: str | None = None
    app: str | None = None
    planner: str = field(default="migsafe <migsafe@localhost>")
    after: Path | None = None
