"""The queries of the running release, followed from migration to migration.

release = RunningRelease(queries)
release.begin(session)                      # the schema that the release was written for
… a migration runs …
release.after(session)                      # what it breaks
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.postgres.prepare import laboratory
from migsafe.postgres.queries import query as named_query
from migsafe.shadow.compat.answer import Answer, Refusal
from migsafe.shadow.compat.classify import classify
from migsafe.shadow.compat.probe import Probe
from migsafe.shadow.compat.query import Breakage, Layer, Origin, Query, Unchecked
from migsafe.shadow.compat.touched import Touched, concerns, spread

if TYPE_CHECKING:
    from migsafe.postgres.connection import Session


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one migration does to the queries of the running release.

    Attributes:
        breakages: at most one for each query.
        unchecked: queries of which it cannot be said, or not in full.
        asked: how many queries were asked; the others name nothing that the migration touched.
    """

    breakages: tuple[Breakage, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    asked: int = 0


class RunningRelease:
    """The queries of a release that runs while migrations do, and what the server last said of each.

    A query is broken by the first migration after which it fails, and not again by those that come later.
    """

    def __init__(self, queries: Iterable[Query] = (), *, generate: bool = False) -> None:
        """
        Args:
            queries: those that are known.
            generate: also those that any code on the schema would run, made at each `begin`.
        """
        self._given = tuple(dict.fromkeys(queries))
        self._generate = generate
        self._answers: dict[Query, Answer] = {}

    @property
    def known(self) -> int:
        """How many queries are followed: those that the server has understood, and that nothing has broken yet."""
        return len(self._answers)

    @property
    def sent(self) -> int:
        """How many of them somebody has said to be sent: those that were made from the schema do not count."""
        return sum(query.origin is not Origin.GENERATED for query in self._answers)

    def begin(self, session: Session, touched: Touched = None) -> tuple[Unchecked, ...]:
        """Ask all queries on the schema that the release was written for.

        Args:
            session: a session on it, in or out of a transaction; what is executed is taken back.
            touched: ask only queries that name some of it, and what hangs on it: for a migration that has been tried
                already, so that what it will touch is known. None: ask all.

        Returns:
            The queries of which nothing can be said from here on, because the server does not understand them now; and
            those that one layer says nothing of.

        Raises:
            EnvironmentFailedError: when the connection breaks.
        """
        touched = _spread(session, touched)
        queries = [query for query in self._given if concerns(query, touched)]
        if self._generate:
            queries += generated_queries(session, touched)
        unchecked: list[Unchecked] = []
        self._answers = {}
        with laboratory(session) as place:
            probe = Probe(place)
            for query in queries:
                answer = _understood(probe.first(query))
                unchecked += _unchecked(query, answer)
                if isinstance(answer, Answer):
                    self._answers[query] = answer
        return tuple(unchecked)

    def after(self, session: Session, touched: Touched = None) -> Verdict:
        """Ask again after a migration, and compare.

        Args:
            session: a session on the schema as it is now, in or out of a transaction.
            touched: what the migration has touched (`touched_by`); queries that name nothing of it, and nothing that
                hangs on it, are not asked. None: ask all.

        Raises:
            EnvironmentFailedError: when the connection breaks.
        """
        touched = _spread(session, touched)
        asked = [(query, answer) for query, answer in self._answers.items() if concerns(query, touched)]
        breakages: list[Breakage] = []
        unchecked: list[Unchecked] = []
        with laboratory(session) as place:
            probe = Probe(place)
            for query, before in asked:
                now = probe.again(before)
                if isinstance(now, Refusal) and now.is_of_the_server:
                    unchecked += _unchecked(query, now)
                    continue
                breakage = classify(query, before, now)
                if breakage is not None:
                    breakages.append(breakage)
                if isinstance(now, Answer):
                    known = {layer for layer, _ in before.gaps}
                    unchecked += [gap for gap in _unchecked(query, now) if gap.layer not in known]
                self._remember(query, now)
        return Verdict(tuple(breakages), tuple(unchecked), len(asked))

    def _remember(self, query: Query, now: Answer | Refusal) -> None:
        if isinstance(now, Answer):
            self._answers[query] = now
        else:
            del self._answers[query]


def check(before: Session, after: Session, queries: Sequence[Query]) -> Verdict:
    """Ask the same queries of two databases: the schema that a release was written for, and another.

    Raises:
        EnvironmentFailedError: when a connection breaks.
    """
    release = RunningRelease(queries)
    unchecked = release.begin(before)
    verdict = release.after(after)
    return Verdict(verdict.breakages, unchecked + verdict.unchecked, verdict.asked)


def generated_queries(session: Session, touched: Touched = None) -> list[Query]:
    """What code that maps every column would run on tables: select, insert, update and delete.

    Args:
        session: a session on the schema.
        touched: bare names of the tables; None for all.
    """
    names = None if touched is None else sorted(touched)
    rows = session.query(named_query("usual_queries", "compatibility.sql"), (names, names))
    return [Query(sql, Origin.GENERATED, name=f"{kind} on {table}") for kind, table, sql in rows]


def _spread(session: Session, touched: Touched) -> Touched:
    if not touched:
        return touched
    links = session.query(named_query("links", "compatibility.sql"))
    return spread(touched, ((name, on) for name, on in links), _functions(session))


def _functions(session: Session) -> Mapping[str, str | None]:
    """The code of each function; of several with one name, all of it."""
    functions: dict[str, str | None] = {}
    for name, code in session.query(named_query("functions", "compatibility.sql")):
        known = functions.get(name, "")
        functions[name] = None if code is None or known is None else f"{known}\n{code}"
    return functions


def _understood(answer: Answer | Refusal) -> Answer | Refusal:
    """A query without a plan has never worked, and cannot be broken."""
    refused = answer.plan_refusal if isinstance(answer, Answer) else None
    return answer if refused is None or refused.is_of_the_server else refused


def _unchecked(query: Query, answer: Answer | Refusal) -> list[Unchecked]:
    if isinstance(answer, Refusal):
        return [Unchecked(query, Layer.PARSE, answer.message)]
    return [Unchecked(query, layer, reason) for layer, reason in answer.gaps]
