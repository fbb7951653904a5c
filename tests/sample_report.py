"""One report, built by hand, that uses every field of the model and every kind of awkward text."""

from __future__ import annotations

from dataclasses import replace

from migsafe.model.dialect import Dialect, ServerVersion
from migsafe.model.finding import Category, Edit, Evidence, Finding, Fix, Severity
from migsafe.model.locks import LockClaim, LockMode, Work
from migsafe.model.names import QualifiedName
from migsafe.model.report import Database, Report, RuleDescriptor
from migsafe.model.script import Direction, Position

INDEX_FILE = "db/migrations/0007_users email, 100%.sql"
INDEX_SQL = """-- Finding people by e-mail.
SET lock_timeout = '2s';
CREATE INDEX users_email_idx ON users (email);
\t\tCREATE INDEX "日本_idx" ON "日本" (x); -- \x1b[31mred\x1b[0m
"""
DROP_FILE = "db/migrations/0008_drop/down.sql"
DROP_SQL = """ALTER TABLE users
  DROP COLUMN a,
  DROP COLUMN b,
  DROP COLUMN c,
  DROP COLUMN d,
  DROP COLUMN e,
  DROP COLUMN f;
"""
PYTHON_FILE = "versions/a1b2_index.py"
PYTHON = """def upgrade() -> None:
    op.create_index("i", "users", list("abcde"))
"""

_USERS = QualifiedName("users", "public")


def rule(name: str, category: Category, *, default: bool = True, url: str | None = None) -> RuleDescriptor:
    return RuleDescriptor(
        name=name,
        category=category,
        summary=f"What {name} looks for.",
        why="Why it hurts, said by the rule.",
        instead="What to do, said by the rule.",
        fine="When it is fine.",
        source="PostgreSQL 18 manual, 13.3.1.",
        dialects=(Dialect.POSTGRES,),
        default=default,
        url=f"https://example.org/rules/{name}/" if url is None else url,
    )


BLOCKING_INDEX = Finding(
    rule="create-index-blocking",
    category=Category.LOCK,
    severity=Severity.ERROR,
    path=INDEX_FILE,
    start=Position(3, 1),
    end=Position(3, 46),
    migration="0007",
    direction=Direction.UP,
    operation="create-index",
    objects=("users_email_idx", "public.users"),
    message="The index users_email_idx is built on public.users while nobody can write to it.",
    why="The build reads the whole table under a SHARE lock. Every INSERT, UPDATE and DELETE waits until it is done, "
    "and so does whoever waits behind them.",
    instead="Build it without the lock, outside of a transaction:\n\n"
    "    CREATE INDEX CONCURRENTLY users_email_idx ON public.users (email);",
    locks=(LockClaim(_USERS, LockMode.SHARE),),
    work=Work.INDEX_BUILD,
    fix=Fix(safe=False, edits=(Edit(INDEX_FILE, Position(3, 14), Position(3, 14), "CONCURRENTLY "),)),
    fingerprint="3f2a9c",
)
HOSTILE_NAME = Finding(
    rule="create-index-blocking",
    category=Category.LOCK,
    severity=Severity.ERROR,
    path=INDEX_FILE,
    start=Position(4, 3),
    end=Position(4, 39),
    migration="0007",
    direction=Direction.UP,
    operation="create-index",
    objects=("日本_idx",),
    message="An index is built on \x1b]0;pwned\x07\u202e日本\n::error::forged.",
    why=BLOCKING_INDEX.why,
    instead='CREATE INDEX CONCURRENTLY "日本_idx" ON "日本" (x);',
    locks=(LockClaim(QualifiedName("日本"), LockMode.SHARE, "observed"),),
    work=Work.INDEX_BUILD,
    fingerprint="77b010",
)
DROPPED_COLUMNS = Finding(
    rule="drop-column",
    category=Category.COMPAT,
    severity=Severity.WARNING,
    path=DROP_FILE,
    start=Position(1, 1),
    end=Position(7, 16),
    migration="20261101_drop",
    direction=Direction.DOWN,
    operation="drop-column",
    objects=("users.a", "users.b"),
    message="Columns of users are dropped that the running release may still read.",
    why="Code that still names them fails at once.",
    instead="Drop them one release after the last code that used them.",
    locks=(
        LockClaim(_USERS, LockMode.ACCESS_EXCLUSIVE),
        LockClaim(QualifiedName("t"), LockMode.SHARE_UPDATE_EXCLUSIVE),
    ),
    release="2026.11",
    phase="contract",
    evidence=(
        Evidence("drop-column", "unknown", "release manifest", "releases.toml", "no release stopped using users.a"),
    ),
    fingerprint="c0ffee",
)
NOTE_WITHOUT_SOURCE = Finding(
    rule="no-descriptor",
    category=Category.STYLE,
    severity=Severity.INFO,
    path="<stdin>",
    start=Position(1, 1),
    end=Position(1, 1),
    migration="",
    direction=Direction.UP,
    operation="unknown-statement",
    objects=(),
    message="A note about text that is not at hand.",
    why="",
    instead="",
)

IN_PYTHON = Finding(
    rule="create-index-blocking",
    category=Category.LOCK,
    severity=Severity.ERROR,
    path=PYTHON_FILE,
    start=Position(2, 5),
    end=Position(2, 49),
    migration="a1b2",
    direction=Direction.UP,
    operation="create-index",
    objects=("i", "users"),
    message="building index i blocks every write to users until it is done",
    why=BLOCKING_INDEX.why,
    instead="CREATE INDEX CONCURRENTLY i ON users (email);",
    sql="CREATE INDEX i ON users (\n    a,\n    b,\n    c,\n    d,\n    e\n)",
    locks=(LockClaim(QualifiedName("users"), LockMode.SHARE),),
    work=Work.INDEX_BUILD,
    fingerprint="9a9a9a",
)

REPORT = Report(
    dialect=Dialect.POSTGRES,
    server=ServerVersion(15, "assumed"),
    findings=(DROPPED_COLUMNS, NOTE_WITHOUT_SOURCE, HOSTILE_NAME, BLOCKING_INDEX, IN_PYTHON),
    rules={
        "create-index-blocking": rule("create-index-blocking", Category.LOCK),
        "drop-column": rule("drop-column", Category.COMPAT, url=""),
        "without-findings": rule("without-findings", Category.STYLE, default=False),
    },
    linted=3,
    context=9,
    migrations=120,
    suppressed=2,
    cleared=1,
    hidden=5,
    shims=("pg_trgm",),
    sources={INDEX_FILE: INDEX_SQL, DROP_FILE: DROP_SQL, PYTHON_FILE: PYTHON},
)
CLEAN = Report(
    dialect=Dialect.POSTGRES, server=ServerVersion(16, "given"), findings=(), rules={}, linted=1, migrations=1
)

_POSTGRES, _MYSQL, _SQLITE = Dialect.POSTGRES, Dialect.MYSQL, Dialect.SQLITE
#: What holds on one, on two and on all of three databases.
SEVERAL = Report(
    dialect=_POSTGRES,
    server=ServerVersion(15, "assumed"),
    databases=(
        Database(_POSTGRES, ServerVersion(15, "assumed")),
        Database(_MYSQL, ServerVersion(8, "given")),
        Database(_SQLITE, ServerVersion(15, "assumed")),
    ),
    findings=(
        replace(DROPPED_COLUMNS, dialects=(_POSTGRES, _MYSQL, _SQLITE)),
        replace(IN_PYTHON, dialects=(_MYSQL, _SQLITE)),
        replace(NOTE_WITHOUT_SOURCE, dialects=(_MYSQL,)),
    ),
    rules={"drop-column": rule("drop-column", Category.COMPAT)},
    linted=3,
    migrations=3,
    cleared=1,
    cleared_findings=(replace(BLOCKING_INDEX, evidence=DROPPED_COLUMNS.evidence, dialects=(_POSTGRES,)),),
    sources={DROP_FILE: DROP_SQL, PYTHON_FILE: PYTHON},
)
