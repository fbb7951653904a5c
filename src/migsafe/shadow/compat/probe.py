"""Asks a server about queries, at one moment: parse and describe, plan, execute and take back.

Nothing is judged here; `classify` compares what two moments say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from migsafe.postgres.connection import StatementFailedError
from migsafe.postgres.queries import query as named_query
from migsafe.shadow.compat.answer import Answer, Refusal, ResultColumn, Run
from migsafe.shadow.compat.forms import Form, forms
from migsafe.shadow.compat.nulls import Insert, WrittenColumn, inserts, refused_nulls
from migsafe.shadow.compat.query import Layer, Query
from migsafe.shadow.compat.samples import LENGTHS, TypeFacts, is_text, long_text, sample
from migsafe.shadow.compat.scan import why_no_query

if TYPE_CHECKING:
    from migsafe.postgres.connection import Session
    from migsafe.postgres.prepare import Description, Laboratory

#: string_data_right_truncation: a value is too long for its column.
_TOO_LONG = "22001"

#: integrity_constraint_violation: a value is refused for what it is.
_VIOLATIONS = "23"

#: What has effects that no rollback takes back: on other sessions, on files, on other servers; or only waits.
_NOT_TO_BE_RUN = re.compile(
    r"\b(?P<name>pg_terminate_backend|pg_cancel_backend|pg_sleep\w*|pg_(?:try_)?advisory_\w+|pg_reload_conf"
    r"|pg_rotate_logfile\w*|pg_promote|pg_switch_wal|pg_create_\w+|pg_drop_\w+|pg_file_\w+|pg_logical_emit_message"
    r"|pg_stat_reset\w*|pg_stat_statements_reset|lo_import|lo_export|dblink\w*|http_\w+)\s*\(",
    re.IGNORECASE,
)
_WRITES = re.compile(r"\b(?:insert|update|merge)\b", re.IGNORECASE)


class Probe:
    """What one server says at one moment. Made anew for each moment: a migration changes types and tables.

    All that is executed is taken back; only sequences keep what they gave out.
    """

    def __init__(self, laboratory: Laboratory) -> None:
        self._laboratory = laboratory
        self._session: Session = laboratory.session
        self._names: dict[tuple[int, int], str] = {}
        self._types: dict[int, TypeFacts] = {}
        self._tables: dict[tuple[str, str], tuple[WrittenColumn, ...]] = {}

    def first(self, query: Query) -> Answer | Refusal:
        """Put a query in each of its forms until one is understood, and try it.

        Returns:
            What the server says, or how it refused the first form.
        """
        refusal: Refusal | None = None
        for form in forms(query):
            answer = self._ask(form, None)
            if isinstance(answer, Answer):
                return answer
            refusal = refusal or answer
        assert refusal is not None, "every query has a form"
        return refusal

    def again(self, before: Answer) -> Answer | Refusal:
        """Put a query as it was put before, and try it with the values that it had then."""
        return self._ask(before.form, before)

    def _ask(self, form: Form, before: Answer | None) -> Answer | Refusal:
        try:
            description = self._laboratory.prepare(form.sql, form.types)
        except StatementFailedError as error:
            return Refusal(error.sqlstate, error.message)
        unknown: list[tuple[Layer, str]] = []
        values = self._values(description, before)
        plans = self._plans(description, values)
        return Answer(
            form,
            parameters=tuple(self._type_name(oid, -1) for oid in description.parameters),
            columns=self._columns(description),
            plan_refusal=plans if isinstance(plans, Refusal) else None,
            nulls=() if isinstance(plans, Refusal) else self._nulls(plans, unknown),
            runs=self._runs(form, description, values, before, unknown),
            unknown=tuple(unknown),
        )

    def _values(self, description: Description, before: Answer | None) -> tuple[str, ...] | None:
        """The values that it had before, else made-up ones; None when one of them cannot be made up."""
        if before is not None and before.runs:
            return before.runs[0].values
        types = self._facts(description.parameters)
        values = tuple(sample(oid, types) for oid in description.parameters)
        return tuple(value for value in values if value is not None) if None not in values else None

    def _plans(self, description: Description, values: Sequence[str] | None) -> list[Mapping[str, Any]] | Refusal:
        """The generic plan: with NULLs, which fit all types but those of domains that refuse them."""
        try:
            return self._laboratory.plan([None] * len(description.parameters))
        except StatementFailedError as error:
            refusal = Refusal(error.sqlstate, error.message)
        if values is None or not (refusal.sqlstate or "").startswith(_VIOLATIONS):
            return refusal
        try:
            return self._laboratory.plan(values)
        except StatementFailedError as error:
            return Refusal(error.sqlstate, error.message)

    def _nulls(self, plans: list[Mapping[str, Any]], unknown: list[tuple[Layer, str]]) -> tuple[str, ...]:
        found: list[str] = []
        for insert in (insert for plan in plans for insert in inserts(plan)):
            refused = refused_nulls(insert, self._written_columns(insert))
            if refused is None:
                unknown.append((Layer.PLAN, f"its plan does not show what {insert.table} is given"))
            found += refused or ()
        return tuple(dict.fromkeys(found))

    def _runs(
        self,
        form: Form,
        description: Description,
        values: tuple[str, ...] | None,
        before: Answer | None,
        unknown: list[tuple[Layer, str]],
    ) -> tuple[Run, ...]:
        if before is not None:
            return tuple(self._run(run.values) for run in before.runs)
        reason = _why_not_run(form.sql)
        if not reason and values is None:
            reason = "no value is known for the type of one of its parameters"
        if reason or values is None:
            unknown.append((Layer.EXECUTE, reason))
            return ()
        return (self._run(values), *self._long_run(form, description, values))

    def _long_run(self, form: Form, description: Description, values: tuple[str, ...]) -> Iterable[Run]:
        """A write once more, with texts as long as still fit."""
        types = self._facts(description.parameters)
        texts = [is_text(oid, types) for oid in description.parameters]
        if not any(texts) or not _WRITES.search(form.sql):
            return ()
        for length in LENGTHS:
            text = long_text(length)
            run = self._run(tuple(text if long else value for long, value in zip(texts, values, strict=True)))
            if run.refusal is None or run.refusal.sqlstate != _TOO_LONG:
                return (run,)
        return ()

    def _run(self, values: tuple[str, ...]) -> Run:
        try:
            self._laboratory.run(values)
        except StatementFailedError as error:
            return Run(values, Refusal(error.sqlstate, error.message))
        return Run(values)

    def _columns(self, description: Description) -> tuple[ResultColumn, ...]:
        return tuple(
            ResultColumn(
                column.name, self._type_name(column.type_oid, -1), self._type_name(column.type_oid, column.modifier)
            )
            for column in description.columns
        )

    def _type_name(self, oid: int, modifier: int) -> str:
        key = (oid, modifier)
        if key not in self._names:
            rows = self._session.query(_sql("type_names"), ([oid, oid], [-1, modifier]))
            self._names.update({(found, of): name for found, of, name in rows})
        return self._names.get(key, "unknown")

    def _facts(self, oids: Sequence[int]) -> dict[int, TypeFacts]:
        unseen = [oid for oid in oids if oid not in self._types]
        if unseen:
            rows = self._session.query(_sql("type_facts"), (unseen,))
            self._types.update({oid: TypeFacts(*facts) for oid, *facts in rows})
        return self._types

    def _written_columns(self, insert: Insert) -> tuple[WrittenColumn, ...]:
        key = (insert.schema, insert.table)
        if key not in self._tables:
            rows = self._session.query(_sql("written_columns"), key)
            self._tables[key] = tuple(WrittenColumn(*row) for row in rows)
        return self._tables[key]


def _why_not_run(sql: str) -> str:
    reason = why_no_query(sql)
    if reason:
        return f"it is not executed: {reason}"
    found = _NOT_TO_BE_RUN.search(sql)
    return f"it is not executed: nothing takes back what {found['name']} does" if found else ""


def _sql(name: str) -> str:
    return named_query(name, "compatibility.sql")
