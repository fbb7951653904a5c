"""One release's code, read once for all that is asked of it: who uses a column, who writes new rows, what is named."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.model.usage import Subject, Use, Writers
from migsafe.usage.classes import Classes
from migsafe.usage.code import Code
from migsafe.usage.django_models import DjangoModels
from migsafe.usage.files import Kind, is_test
from migsafe.usage.models import Models
from migsafe.usage.queries import QueriesInCode
from migsafe.usage.words import Words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from migsafe.config.usage import UsageSettings
    from migsafe.history.tree import FileTree
    from migsafe.model.dialect import Dialect
    from migsafe.model.usage import UsageEvidence, Writer
    from migsafe.usage.subjects import Wanted


class ReleaseCode:
    """What one release's code says of some subjects; of others, it may have left out the files that name them."""

    def __init__(
        self,
        tree: FileTree,
        sought: Sequence[Wanted],
        dialect: Dialect,
        settings: UsageSettings | None = None,
        *,
        migrations: Collection[str] = (),
    ) -> None:
        """
        Args:
            tree: the release's files; open for as long as anything is asked.
            sought: all subjects that anything will be asked of.
            dialect: whose SQL the code speaks.
            settings: where the code stands.
            migrations: the migrations' files and folders, as the tree names them: they are no code.
        """
        words = frozenset[str]().union(*(each.words for each in sought))
        telling = frozenset[str]().union(*(each.telling for each in sought))
        self._code = Code(tree, words, settings, migrations=migrations)
        classes = Classes(self._code)
        self._models, self._django = Models(self._code, classes), DjangoModels(self._code, classes)
        self._queries, self._words = QueriesInCode(self._code, dialect, telling), Words(self._code)

    def uses(self, sought: Wanted, release: str | None) -> list[UsageEvidence | None]:
        """Who uses a subject, by every way of looking."""
        return [
            self._models.evidence(sought, release),
            self._django.evidence(sought, release),
            self._queries.in_files(sought, release),
            self._queries.in_programs(sought, release),
            self._words.evidence(
                sought,
                release,
                classes=self._models.owners(sought) | self._django.owners(sought),
                mapped=self._models.maps(sought) or self._django.maps(sought),
            ),
        ]

    def writers(self, sought: Wanted) -> Writers:
        """Who puts rows into a column's table, and whether they give the column a value."""
        found = (*self._models.writers(sought), *self._django.writers(sought), *self._queries.writers(sought))
        files = self._code.count(Kind.PYTHON, Kind.SQL, Kind.CODE)
        ordered: tuple[Writer, ...] = tuple(sorted(dict.fromkeys(found), key=lambda writer: writer.place))
        return Writers(ordered, files, self._doubt(sought, named=bool(ordered)))

    def _doubt(self, sought: Wanted, *, named: bool) -> str:
        """Why there may be more writers than were found."""
        unread = sorted(path for path in self._code.unread if not is_test(path))
        if unread:
            return f"{unread[0]} cannot be searched: {self._code.unread[unread[0]]}"
        if named:
            return ""
        table = replace(sought, subject=Subject(sought.subject.table))
        seen = self._words.evidence(table, None)
        places = [place for place in seen.places if not is_test(place.path)] if seen is not None else []
        return f"{places[0]} names {table.shown}, and may write it in a way that is not read" if places else ""

    def named(self, sought: Sequence[Wanted]) -> Iterator[Wanted]:
        """Those of some columns that models or queries name for sure, tests left out."""
        in_queries = self._queries.named(sought)
        for each in sought:
            said = (self._models.evidence(each, None), self._django.evidence(each, None))
            if each in in_queries or any(one is not None and one.use is Use.STRONG for one in said):
                yield each
