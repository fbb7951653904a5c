"""SQLAlchemy's inspector, answered by the parent instead of by queries of the server's catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import text
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import NoSuchTableError

from migsafe.sources.alembic.worker.column_types import column_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Dialect

    from migsafe.sources.alembic.worker.questions import Description, Questions

Listed = list[dict[str, Any]]


class AnsweredReflection:
    """The reflection methods of a dialect; stands before the real dialect among the bases of a class.

    Each has the signature and the result that `sqlalchemy.engine.interfaces.Dialect` describes; `connection` and the
    caches of the inspector are not needed.
    """

    questions: Questions
    name: str
    default_schema_name: str | None

    get_multi_columns = DefaultDialect.get_multi_columns
    get_multi_pk_constraint = DefaultDialect.get_multi_pk_constraint
    get_multi_foreign_keys = DefaultDialect.get_multi_foreign_keys
    get_multi_indexes = DefaultDialect.get_multi_indexes
    get_multi_unique_constraints = DefaultDialect.get_multi_unique_constraints
    get_multi_check_constraints = DefaultDialect.get_multi_check_constraints
    get_multi_table_options = DefaultDialect.get_multi_table_options
    get_multi_table_comment = DefaultDialect.get_multi_table_comment

    def _table(self, name: str, schema: str | None) -> Description:
        table = self.questions.table(schema, name)
        if table is None:
            raise NoSuchTableError(f"{schema}.{name}" if schema else name)
        return table

    def _names(self, kind: str, schema: str | None) -> list[str]:
        return list(self.questions.relations(schema).get(kind) or ())

    def has_table(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> bool:
        if self.questions.table(schema, table_name) is not None:
            return True
        relations = self.questions.relations(schema)
        return table_name in relations.get("views", ()) or table_name in relations.get("materialized_views", ())

    def has_multi_table(
        self, connection: Any, table_names: Iterable[str], schema: str | None = None, **_: Any
    ) -> list[tuple[tuple[str | None, str], bool]]:
        return [((schema, name), self.has_table(connection, name, schema)) for name in table_names]

    def has_sequence(self, connection: Any, sequence_name: str, schema: str | None = None, **_: Any) -> bool:
        return sequence_name in self._names("sequences", schema)

    def has_index(self, connection: Any, table_name: str, index_name: str, schema: str | None = None, **_: Any) -> bool:
        table = self.questions.table(schema, table_name)
        return table is not None and any(index["name"] == index_name for index in table["indexes"])

    def has_schema(self, connection: Any, schema_name: str, **_: Any) -> bool:
        return schema_name in self._names("schemas", None)

    def has_type(self, connection: Any, type_name: str, schema: str | None = None, **_: Any) -> bool:
        return type_name in self._enum_values(schema)

    def get_schema_names(self, connection: Any, **_: Any) -> list[str]:
        return self._names("schemas", None)

    def get_table_names(self, connection: Any, schema: str | None = None, **_: Any) -> list[str]:
        return self.questions.table_names(schema)

    def get_view_names(self, connection: Any, schema: str | None = None, **_: Any) -> list[str]:
        return self._names("views", schema)

    def get_materialized_view_names(self, connection: Any, schema: str | None = None, **_: Any) -> list[str]:
        return self._names("materialized_views", schema)

    def get_sequence_names(self, connection: Any, schema: str | None = None, **_: Any) -> list[str]:
        return self._names("sequences", schema)

    def get_temp_table_names(self, connection: Any, schema: str | None = None, **_: Any) -> list[str]:
        return []

    def get_temp_view_names(self, connection: Any, schema: str | None = None, **_: Any) -> list[str]:
        return []

    def get_view_definition(self, connection: Any, view_name: str, schema: str | None = None, **_: Any) -> str:
        raise NoSuchTableError(view_name)

    def get_enums(self, connection: Any, schema: str | None = None, **_: Any) -> Listed:
        return [
            {"name": name, "schema": schema or self.default_schema_name, "visible": schema is None, "labels": values}
            for name, values in self._enum_values(schema).items()
        ]

    def get_domains(self, connection: Any, schema: str | None = None, **_: Any) -> Listed:
        return []

    def get_columns(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> Listed:
        table = self._table(table_name, schema)
        enums = self._enum_values(schema) if self.name == "postgresql" else {}
        return [self._column(column, enums, table) for column in table["columns"]]

    def get_pk_constraint(
        self, connection: Any, table_name: str, schema: str | None = None, **_: Any
    ) -> dict[str, Any]:
        key = self._table(table_name, schema)["primary_key"] or {"name": None, "columns": []}
        return {"name": _given(key["name"]), "constrained_columns": list(key["columns"]), "comment": None}

    def get_foreign_keys(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> Listed:
        return [self._foreign_key(key, schema) for key in self._table(table_name, schema)["foreign_keys"]]

    def get_indexes(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> Listed:
        table = self._table(table_name, schema)
        # SQLite shows the index behind a constraint only on request, the others all but that of the primary key
        return [
            self._index(index)
            for index in table["indexes"]
            if not index.get("primary") and not (index["constraint"] and self.name == "sqlite")
        ]

    def get_unique_constraints(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> Listed:
        constraints: Listed = [
            {"name": _given(constraint["name"]), "column_names": list(constraint["columns"]), "comment": None}
            for constraint in self._table(table_name, schema)["unique"]
        ]
        for constraint in constraints:
            if self.name == "mysql":
                constraint["duplicates_index"] = constraint["name"]
        return constraints

    def get_check_constraints(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> Listed:
        return [
            {"name": _given(check["name"]), "sqltext": check["sqltext"], "comment": None}
            for check in self._table(table_name, schema)["checks"]
        ]

    def get_table_comment(
        self, connection: Any, table_name: str, schema: str | None = None, **_: Any
    ) -> dict[str, Any]:
        self._table(table_name, schema)
        return {"text": None}

    def get_table_options(
        self, connection: Any, table_name: str, schema: str | None = None, **_: Any
    ) -> dict[str, Any]:
        self._table(table_name, schema)
        return {}

    def _enum_values(self, schema: str | None) -> dict[str, list[str]]:
        return {enum["name"]: list(enum["values"]) for enum in self.questions.relations(schema).get("enums") or ()}

    def _column(self, column: Description, enums: dict[str, list[str]], table: Description) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "name": column["name"],
            "type": column_type(column["type"] or "unknown", cast("Dialect", self), enums),
            "nullable": column["nullable"],
            "default": column["default"],
            "comment": None,
        }
        key = (table["primary_key"] or {"columns": []})["columns"]
        if self.name == "sqlite":
            answer["primary_key"] = key.index(column["name"]) + 1 if column["name"] in key else 0
        if column.get("identity"):
            answer["identity"] = {"always": column["identity"] == "always"}
        if column.get("generated"):
            answer["computed"] = {"sqltext": column["generated"], "persisted": True}
        return answer

    def _foreign_key(self, key: Description, schema: str | None) -> dict[str, Any]:
        given = {"ondelete": key["on_delete"], "onupdate": key["on_update"]}
        options: dict[str, Any] = {name: action for name, action in given.items() if action}
        if key.get("deferrable"):
            options["deferrable"] = True
        if key.get("initially_deferred"):
            options["initially"] = "DEFERRED"
        referred = key["referred_schema"]
        self.questions.refer(referred, key["referred_table"], key["referred_columns"])
        return {
            "name": _given(key["name"]),
            "constrained_columns": list(key["columns"]),
            # as the server would show it: no schema where the search path finds it
            "referred_schema": None if schema is None and referred == self.default_schema_name else referred,
            "referred_table": key["referred_table"],
            "referred_columns": list(key["referred_columns"]),
            "options": options,
            "comment": None,
        }

    def _index(self, index: Description) -> dict[str, Any]:
        columns, expressions = list(index["columns"]), list(index["expressions"])
        answer: dict[str, Any] = {"name": index["name"], "column_names": columns, "unique": index["unique"]}
        if None in columns:
            answer["expressions"] = expressions
        if index["constraint"]:
            answer["duplicates_constraint"] = index["constraint"]
        if options := self._index_options(index):
            answer["dialect_options"] = options
        return answer

    def _index_options(self, index: Description) -> dict[str, Any]:
        if self.name == "mysql":
            return {}
        found: dict[str, Any] = {}
        if index["include"]:
            found["include"] = list(index["include"])
        if index["where"]:
            found["where"] = text(index["where"]) if self.name == "sqlite" else index["where"]
        if self.name == "postgresql" and index["method"] not in (None, "btree"):
            found["using"] = index["method"]
        return {f"{self.name}_{option}": value for option, value in found.items()}


def _given(name: str | None) -> str | None:
    """The name of a constraint; None for one that SQLite keeps without (the parent puts its kind in parentheses)."""
    return None if name is None or name.startswith("(") else name
