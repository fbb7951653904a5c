"""Every check there is; one more is one more function here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from migsafe.preflight.case import Case
from migsafe.preflight.checks import (
    disk,
    lag,
    leftovers,
    lock_table,
    locks,
    prepared,
    privileges,
    publications,
    replicas,
    row_security,
    server,
    slots,
    transactions,
    understood,
    vacuum,
    visibility,
    windows,
)
from migsafe.preflight.report import Reason

Check = Callable[[Case], Iterator[Reason]]

#: By the name that their reasons bear, in the order in which a person would ask.
CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        visibility.NAME: visibility.check,
        server.STANDBY: server.standby,
        server.POOLER: server.pooler,
        server.VERSION: server.version,
        windows.NAME: windows.check,
        understood.READ: understood.read,
        understood.THERE: understood.there,
        locks.HOLDERS: locks.holders,
        locks.QUEUE: locks.queue,
        transactions.NAME: transactions.check,
        prepared.NAME: prepared.check,
        vacuum.NAME: vacuum.check,
        slots.NAME: slots.check,
        lag.NAME: lag.check,
        replicas.NAME: replicas.check,
        publications.PUBLISHED: publications.published,
        publications.SUBSCRIBED: publications.subscribed,
        privileges.NAME: privileges.check,
        row_security.NAME: row_security.check,
        lock_table.NAME: lock_table.check,
        leftovers.INDEXES: leftovers.indexes,
        leftovers.PARTITIONS: leftovers.partitions,
        disk.NAME: disk.check,
    }
)


def judge(case: Case) -> list[Reason]:
    """All that the checks say, in their order. Pure: no clock, no files, no database."""
    return [reason for check in CHECKS.values() for reason in check(case)]
