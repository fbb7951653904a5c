"""What commands that were cut off have left: invalid indexes, and partitions that are half detached."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migsafe.model.names import QualifiedName
from migsafe.postgres.live_rows import Detaching, InvalidIndex
from migsafe.preflight.case import Case
from migsafe.preflight.report import Reason, Weight

INDEXES, PARTITIONS = "invalid-indexes", "unfinished-detach"

#: The new and the old index of a REINDEX CONCURRENTLY (manual, REINDEX, "Rebuilding Indexes Concurrently").
_OF_REINDEX = re.compile(r"_cc(new|old)\d*\Z")


def indexes(case: Case) -> Iterator[Reason]:
    """One of the name that a migration gives an index lets IF NOT EXISTS pass, and the index is never used."""
    for index in case.live.invalid_indexes:
        name = QualifiedName(index.name, index.schema)
        in_the_way = case.touched is not None and name in case.touched.index_names
        costs = "costs every write, and " if index.ready else ""
        yield Reason(
            check=INDEXES,
            weight=Weight.NO_GO if in_the_way else Weight.WARNING,
            text=f"the index {name} of {index.table} is invalid ({_origin(index)}): it {costs}serves no query"
            + ("; a migration is about to make one of that name" if in_the_way else ""),
            hint=f"DROP INDEX CONCURRENTLY {name}",
            objects=(str(name),),
        )


def _origin(index: InvalidIndex) -> str:
    found = _OF_REINDEX.search(index.name)
    if found is None:
        return "a build that did not end"
    return "a REINDEX that did not end" if found[1] == "new" else "what a REINDEX did not take away"


def partitions(case: Case) -> Iterator[Reason]:
    """DETACH CONCURRENTLY has two transactions; after the first, the table refuses what comes next."""
    for one in case.live.detaching:
        partition = QualifiedName(one.name, one.schema)
        finalizes = case.touched is not None and partition in case.touched.finalizes
        if not finalizes:
            yield _detach(one, partition, case)


def _detach(one: Detaching, partition: QualifiedName, case: Case) -> Reason:
    parent = QualifiedName(one.parent, one.parent_schema)
    return Reason(
        check=PARTITIONS,
        weight=Weight.WARNING if case.touched is None else Weight.NO_GO,
        text=f"{partition}: its DETACH CONCURRENTLY from {parent} was cut off; it can be neither altered nor attached",
        hint=f"ALTER TABLE {parent} DETACH PARTITION {partition} FINALIZE",
        objects=(str(partition), str(parent)),
    )
