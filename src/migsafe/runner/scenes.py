"""What each piece of a step touches on the server at hand, and which of its statements locks against reads first."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.model.dialect import ServerVersion
from migsafe.postgres.catalogue import read_catalogue
from migsafe.preflight.touched import Touched, predict_next

if TYPE_CHECKING:
    from migsafe.model.catalogue import Catalogue
    from migsafe.model.script import Migration
    from migsafe.model.statement import ReadScript, Statement
    from migsafe.postgres.connection import Session
    from migsafe.runner.pieces import Piece


@dataclass(slots=True)
class Scene:
    """What is known of a piece that is looked for.

    Attributes:
        first: the first statement that locks against reads; None where none does, or nobody has a standby.
        tables: those that it locks so, as people write them.
        relations: the same by their numbers.
        judged: how many connections to standbys were opened when they were found to be what they are said to be.
        unfree_since: since when standbys are waited for; None while they are not.
    """

    piece: Piece
    touched: Touched
    first: Statement | None = None
    tables: tuple[str, ...] = ()
    relations: tuple[int, ...] = ()
    judged: int | None = None
    unfree_since: float | None = None


class Scenes:
    """The pieces of one step, one after the other.

    The step is judged by what the server has when it begins; each of its pieces by that, and by what those before it
    did. Where one of them ran code that nobody could read, the server is asked anew.
    """

    def __init__(self, migration: Migration, read: ReadScript) -> None:
        self._migration = migration
        self._read = read
        self._scene: Scene | None = None
        self._then: Catalogue | None = None

    def known(self, piece: Piece) -> Scene | None:
        """A piece that was asked for last; None where that was another one."""
        return self._scene if self._scene is not None and self._scene.piece == piece else None

    def of(self, piece: Piece, session: Session, *, with_standbys: bool) -> Scene:
        """A piece's scene, asked once: a catalogue of a thousand tables takes half a second to read.

        Args:
            session: on the server, in a transaction.
            with_standbys: it matters which statement locks against reads first.

        Raises:
            StatementFailedError: when the server does not say what it has.
        """
        if (known := self.known(piece)) is not None:
            return known
        server = ServerVersion(session.server_version // 10_000, "given")
        before = self._then if self._then is not None else read_catalogue(session)
        unchanged = before.fork() if with_standbys else before
        touched, after = self._predict(piece, piece.statements, before, server)
        scene = self._scene = Scene(piece, touched)
        self._then = None if touched.opaque or touched.not_read else after
        if with_standbys and touched.exclusive:
            scene.first = first_exclusive(
                piece.statements, lambda some: self._predict(piece, some, unchanged.fork(), server)[0]
            )
        return scene

    def _predict(
        self, piece: Piece, some: Sequence[Statement], before: Catalogue, server: ServerVersion
    ) -> tuple[Touched, Catalogue]:
        only = replace(self._read, statements=(*piece.settings, *some))
        return predict_next(self._migration, only, before, server)


def first_exclusive(statements: Sequence[Statement], touched_by: Callable[[Sequence[Statement]], Touched]) -> Statement:
    """The first of some statements that locks against reads.

    Args:
        statements: with one that does.
        touched_by: what the first few of them touch together.
    """
    place = bisect_left(range(1, len(statements)), True, key=lambda many: bool(touched_by(statements[:many]).exclusive))
    return statements[place]
