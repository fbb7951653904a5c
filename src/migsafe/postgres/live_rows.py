"""What goes on in a server, row by row, as `live.sql` asks for it. Seconds are seconds, sizes are bytes."""

from __future__ import annotations

from dataclasses import dataclass

#: What a background worker that nobody asked for calls itself in `backend_type`.
AUTOVACUUM = "autovacuum worker"


@dataclass(frozen=True, slots=True)
class Server:
    """The server and the database.

    Attributes:
        version: as a number: 180006 for 18.6.
        backend_pid: the process that answers, as it says itself.
        lock_capacity: how many locks the table of locks is made for, at least.
        locks_each: `max_locks_per_transaction`.
        locks_taken: how many others hold there now.
        slot_keep_mb: `max_slot_wal_keep_size` in megabytes; -1 without a limit.
        deadlock_timeout_ms: after so long, ordinary autovacuum gives way.
    """

    database: str
    role: str
    version: int
    standby: bool
    backend_pid: int
    lock_capacity: int
    locks_each: int
    locks_taken: int
    slot_keep_mb: int
    deadlock_timeout_ms: int

    @property
    def major(self) -> int:
        """The major version."""
        return self.version // 10_000


@dataclass(frozen=True, slots=True)
class Role:
    """What the session's role may.

    Attributes:
        past_policies: row security does not bind it: superuser, or BYPASSRLS.
        sees_all: has what `pg_read_all_stats` gives.
        creates_schemas: CREATE on the database.
    """

    superuser: bool
    past_policies: bool
    sees_all: bool
    creates_schemas: bool


@dataclass(frozen=True, slots=True)
class Backend:
    """A session of the database.

    Attributes:
        user: None for processes of the server's own.
        state: `active`, `idle`, `idle in transaction`, …; None where it is hidden.
        age: of its transaction; None without one, and where it is hidden.
        idle_for: since its state changed.
        query: what runs, or ran last; may hold what nobody should read.
        kind: `backend_type`; empty where it is hidden.
        pinned: it holds a snapshot or has a transaction's number.
        vacuums: an ordinary VACUUM, whose snapshot nobody waits for.
        hidden: the role may not see what it does.
    """

    pid: int
    user: str | None
    application: str
    client: str | None
    state: str | None
    age: float | None
    idle_for: float | None
    query: str | None
    kind: str
    pinned: bool
    vacuums: bool
    hidden: bool

    @property
    def against_wraparound(self) -> bool:
        """Whether it is a vacuum that does not give way."""
        return self.kind == AUTOVACUUM and "(to prevent wraparound)" in (self.query or "")


@dataclass(frozen=True, slots=True)
class RelationLock:
    """A lock on a relation that somebody has or waits for.

    Attributes:
        pid: None for a prepared transaction.
        gid: the prepared transaction's name.
        mode: as `pg_locks` spells it.
        waited: how long it has waited.
        blockers: processes that a waiter waits for; 0 is a prepared transaction.
    """

    relation: int
    schema: str
    name: str
    pid: int | None
    gid: str | None
    mode: str
    granted: bool
    waited: float | None
    blockers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PreparedTransaction:
    """A transaction that waits for COMMIT PREPARED."""

    gid: str
    owner: str
    age: float


@dataclass(frozen=True, slots=True)
class Slot:
    """A replication slot that stays.

    Attributes:
        kind: `physical` or `logical`.
        database: of a logical one.
        retained: how much of the write-ahead log it keeps; None where it has never kept any.
    """

    name: str
    kind: str
    plugin: str | None
    database: str | None
    active: bool
    active_pid: int | None
    wal_status: str | None
    retained: int | None


@dataclass(frozen=True, slots=True)
class Sender:
    """Somebody to whom the write-ahead log is sent.

    Attributes:
        state: `streaming`, `catchup`, `backup`, …; None where it is hidden.
        lag: how far behind its reads are; None where nobody says.
        behind: bytes that it has not replayed; None where it is hidden.
        logical: sends changes of rows, not the log.
    """

    pid: int
    application: str
    client: str | None
    state: str | None
    lag: float | None
    behind: int | None
    logical: bool


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication.

    Attributes:
        tables: those of the tables asked about; empty where it has all.
    """

    name: str
    all_tables: bool
    tables: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription of the database, and which of the tables asked about it fills."""

    name: str
    enabled: bool
    tables: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view that was asked about.

    Attributes:
        owned: the role has its owner's rights.
        policies: row security is enabled.
        forced: for its owner, too.
        size: by the pages of the last VACUUM or ANALYZE.
        attached: relations that are locked with it: indexes, and what holds its long values.
    """

    schema: str
    name: str
    oid: int
    kind: str
    owner: str
    owned: bool
    policies: bool
    forced: bool
    size: int
    attached: int
    partition: bool


@dataclass(frozen=True, slots=True)
class InvalidIndex:
    """An index that no query uses because nobody finished it; a ready one still costs every write."""

    schema: str
    name: str
    table: str
    table_oid: int
    ready: bool


@dataclass(frozen=True, slots=True)
class Detaching:
    """A partition whose DETACH … CONCURRENTLY was cut off."""

    parent_schema: str
    parent: str
    parent_oid: int
    schema: str
    name: str
    oid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Everything that was asked, of one moment.

    Attributes:
        libpq_pid: the process that the client was told of when it connected; a pooler tells another one.
        identity: what tells this cluster and its physical copies from others; None where the role may not ask.
        relations: those that were asked about and are there.
        schemas: those that were asked about and are there, and whether the role may create in them.
        policed: in a look at the whole database: tables whose policies bind their owner too.
    """

    server: Server
    role: Role
    libpq_pid: int
    identity: str | None = None
    backends: tuple[Backend, ...] = ()
    locks: tuple[RelationLock, ...] = ()
    prepared: tuple[PreparedTransaction, ...] = ()
    slots: tuple[Slot, ...] = ()
    senders: tuple[Sender, ...] = ()
    publications: tuple[Publication, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    relations: tuple[Relation, ...] = ()
    schemas: tuple[tuple[str, bool], ...] = ()
    policed: tuple[tuple[str, str], ...] = ()
    invalid_indexes: tuple[InvalidIndex, ...] = ()
    detaching: tuple[Detaching, ...] = ()
