"""What `migsafe verify` and `migsafe drift` prove on a server: one descriptor each, as a linter's rule has one.

A check knows nothing of severities: what was seen decides how much it weighs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.model.finding import Category
from migsafe.model.report import RuleDescriptor

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Where the generated page of each check stands.
_DOCS_URL = "https://github.com/migsafe/migsafe/blob/main/docs/rules/"
_EVERY_DIALECT = tuple(Dialect)


def _check(name: str, category: Category, *, summary: str, why: str, instead: str, fine: str, source: str = "") -> str:
    _CHECKS[name] = RuleDescriptor(
        name=name,
        category=category,
        summary=summary,
        why=why,
        instead=instead,
        fine=fine,
        source=source or "Seen on a server: the report says which version.",
        dialects=_EVERY_DIALECT,
        default=True,
        url=f"{_DOCS_URL}{name}.md",
    )
    return name


_CHECKS: dict[str, RuleDescriptor] = {}

#: Every check, by name.
CHECKS: Mapping[str, RuleDescriptor] = _CHECKS

MIGRATION_FAILS = _check(
    "migration-fails",
    Category.FAIL,
    summary="The server refuses a migration.",
    why="A migration that fails stops the release; outside a transaction it leaves the database half changed.",
    instead="Mend the statement; where it fails on rows only, mend the rows in a migration before this one.",
    fine="The statement fails on generated rows only, and the table is known to be empty.",
)
NO_WAY_BACK = _check(
    "no-way-back",
    Category.DATA,
    summary="A migration that changes the schema has no way back.",
    why="When the release must be taken back, somebody writes this script by hand, under pressure, on production.",
    instead='Write the way back, or say why there is none: -- migsafe: irreversible reason="…".',
    fine="The project goes forward only, and a backup or a forward fix is the plan.",
)
WAY_BACK_FAILS = _check(
    "way-back-fails",
    Category.FAIL,
    summary="The server refuses the way back of a migration.",
    why="A rollback that fails leaves the old code on the new schema, in the middle of an incident.",
    instead="Mend the script, and run it after its way up on a copy of the database.",
    fine='The change cannot be taken back on purpose: -- migsafe: irreversible reason="…" says so.',
)
WAY_BACK_DIFFERS = _check(
    "way-back-differs",
    Category.DATA,
    summary="The way back succeeds and leaves another schema than there was before.",
    why="What is lost (an index, a trigger, an action of a foreign key) is missed only later, by whoever relied on it; "
    "and later migrations find another schema than the one that they were written for.",
    instead="Write into the way back what the way up took away, word for word; the catalogue before it has the words.",
    fine='The difference is meant: -- migsafe: irreversible reason="…" says so.',
)
SECOND_UP_FAILS = _check(
    "second-up-fails",
    Category.FAIL,
    summary="After its way back, a migration cannot be applied again.",
    why="A release that was rolled back cannot be rolled out again before somebody repairs the database by hand.",
    instead="Let the way back take away all that the way up makes.",
    fine='The change cannot be taken back on purpose: -- migsafe: irreversible reason="…" says so.',
)
LOCK_NOT_AS_PREDICTED = _check(
    "lock-not-as-predicted",
    Category.LOCK,
    summary="A statement was seen to take another lock, or to do other work, than migsafe predicts.",
    why="migsafe itself is wrong here: what its linter says of statements like this one is not to be trusted.",
    instead="Trust what was seen, and report the statement to migsafe's issue tracker.",
    fine="Never.",
)
RUNNING_RELEASE_BREAKS = _check(
    "running-release-breaks",
    Category.COMPAT,
    summary="A query of the running release fails once the migration is applied.",
    why="While a release is rolled out, old code runs on the new schema: its requests fail until it is gone.",
    instead="Expand first, roll out code that works with both schemas, and contract in a later release.",
    fine="No code runs that sends this query.",
)
RESULT_SHAPE_CHANGES = _check(
    "result-shape-changes",
    Category.COMPAT,
    summary="A query of the running release returns other columns once the migration is applied.",
    why='A connection that has prepared the query fails on each run of it ("cached plan must not change result type", '
    "0A000), and code that reads columns by place reads others.",
    instead="Name the columns instead of *, or restart the connections of the old release.",
    fine="The code prepares nothing and reads columns by name.",
    source="PostgreSQL manual, PREPARE; src/backend/utils/cache/plancache.c.",
)
DRIFT = _check(
    "drift",
    Category.DEPLOY,
    summary="A database has another schema than the migrations build.",
    why="What was proved on the migrations does not hold for that database: a migration may fail there, or take "
    "something away that only it has.",
    instead="Write the difference into a migration, or take it away from the database.",
    fine="The object is not the project's: --ignore leaves it out.",
)
UNPROVED = _check(
    "unproved",
    Category.FAIL,
    summary="A migration could not be proved here.",
    why="Nothing is known of it: it is neither good nor broken.",
    instead="Give the shadow what it lacks, or a server that has it: --shadow-url.",
    fine="The migration has been tried elsewhere.",
)
ROWS_LOST = _check(
    "rows-lost",
    Category.DATA,
    summary="Rows go from a table that the migration does not name.",
    why="Dropping a table of SQLite deletes its rows first, and the actions of foreign keys run: ON DELETE CASCADE "
    "takes the children's rows with it, without an error. PRAGMA foreign_keys does nothing inside of a transaction.",
    instead="Turn foreign keys off before the transaction begins, check with PRAGMA foreign_key_check before it ends, "
    "and turn them on again behind it.",
    fine="No connection that runs migrations enforces foreign keys, or the rows are meant to go.",
    source="sqlite.org/foreignkeys.html, 5 and 6; sqlite.org/pragma.html, foreign_keys; seen on a database.",
)
TABLE_REBUILT = _check(
    "table-rebuilt",
    Category.LOCK,
    summary="All rows of a table are copied into a new one that takes its place.",
    why="The database takes no other write until the copy is committed, and the file grows by the table's size.",
    instead="Make several changes of one table in one copy; ADD, RENAME and DROP COLUMN need none where they suffice.",
    fine="The table is small, or nobody writes meanwhile.",
    source='sqlite.org/lang_altertable.html, 7 "Making Other Kinds Of Table Schema Changes".',
)
NOT_ONLINE = _check(
    "not-online",
    Category.LOCK,
    summary="MySQL refuses to change a table in place and without a lock.",
    why="Every write of the table waits until the change is done: with a copy for as long as all rows take, and with "
    "replicas for as long again on each of them.",
    instead="Use a tool that copies the table beside it (gh-ost, pt-online-schema-change), or a form that the server "
    "does in place, and write ALGORITHM=INPLACE, LOCK=NONE behind it: it fails at once where that cannot be.",
    fine="The table is small, or nobody writes meanwhile.",
    source='MySQL 8.4 manual, 17.12.1 "Online DDL Operations"; errors 1845 and 1846; seen on an empty copy.',
)
