"""Who still uses a table or column: all ways of looking, together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.config.usage import UsageSettings
from migsafe.usage.dependents import dependents
from migsafe.usage.release_code import ReleaseCode
from migsafe.usage.statements_export import StatementExports
from migsafe.usage.subjects import wanted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from migsafe.history.tree import FileTree
    from migsafe.model.catalogue import Catalogue
    from migsafe.model.usage import Subject, UsageEvidence
    from migsafe.usage.subjects import Wanted


def find_uses(
    subjects: Sequence[Subject],
    code: FileTree,
    *,
    release: str | None,
    catalogue: Catalogue,
    settings: UsageSettings | None = None,
    migrations: Collection[str] = (),
    just_before: Mapping[Subject, Catalogue] | None = None,
) -> Mapping[Subject, tuple[UsageEvidence, ...]]:
    """Look for uses of tables and columns: in one release's code, and for None in the database too.

    Args:
        subjects: what is about to go.
        code: the release's files; each is read once, whatever the number of subjects.
        release: whose code it is. None is the working tree; only then `pg_stat_statements` and the catalogue's
            dependents are asked too, because they are of now.
        catalogue: what exists just before the subjects go; names in queries are resolved against it.
        settings: where code stands, and exports of statements.
        migrations: the migrations' files and folders, as `code` names them: they use nothing.
        just_before: what exists when a subject goes, where that is another catalogue: its dependents are those that
            are left by then.

    Returns:
        For each subject, what each way of looking has found. A way that had nothing to look at says nothing.

    Raises:
        PathNotFoundError: when an export of statements does not exist.
    """
    settings = settings or UsageSettings()
    sought = wanted(subjects, catalogue)
    if not sought:
        return {}
    release_code = ReleaseCode(code, sought, catalogue.dialect, settings, migrations=migrations)
    return uses_in(release_code, sought, release=release, settings=settings, just_before=just_before)


def uses_in(
    code: ReleaseCode,
    sought: Sequence[Wanted],
    *,
    release: str | None,
    settings: UsageSettings,
    just_before: Mapping[Subject, Catalogue] | None = None,
) -> dict[Subject, tuple[UsageEvidence, ...]]:
    """The same of code that is being read already; see `find_uses`."""
    found = {each.subject: code.uses(each, release) for each in sought}
    if release is None and sought:
        exports = StatementExports.read([Path(path) for path in settings.statements], settings.nodes)
        for each in sought:
            at_last = (just_before or {}).get(each.subject, each.catalogue)
            found[each.subject] += [exports.evidence(each), dependents(replace(each, catalogue=at_last))]
    return {subject: tuple(piece for piece in pieces if piece is not None) for subject, pieces in found.items()}
