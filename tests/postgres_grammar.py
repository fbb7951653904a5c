"""The facts of a statement as the real Postgres grammar sees it, and as the reader sees it, in one shape.

A fact is a dictionary with strings and plain values. Types and expressions are compared as trees of the grammar, so
that two spellings of one thing are equal and two things never are.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import postgast
from google.protobuf.json_format import MessageToDict

from migsafe.model import operation as ops
from migsafe.model.names import QualifiedName, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Fact = dict[str, Any]
Node = dict[str, Any]

_LOCATIONS = {"location", "stmt_location", "stmt_len", "rexpr_list_start", "rexpr_list_end", "list_start", "list_end"}


#: The pseudo-types stay unresolved in the tree; the reader gives them one spelling.
_SERIALS = {"serial2": "smallserial", "serial4": "serial", "serial8": "bigserial"}


class NotPostgres(Exception):
    """The real grammar refuses it."""


def parse(sql: str) -> Node:
    """The tree of one statement.

    Raises:
        NotPostgres: when the grammar refuses it.
    """
    try:
        tree = postgast.parse(sql)
    except postgast.PgQueryError as error:
        raise NotPostgres(str(error)) from None
    statements = MessageToDict(tree)["stmts"]
    assert len(statements) == 1, sql
    return dict(statements[0]["stmt"])


def _bare(node: Any) -> Any:
    """A tree without places in the text."""
    if isinstance(node, dict):
        return {key: _bare(value) for key, value in node.items() if key not in _LOCATIONS}
    return [_bare(item) for item in node] if isinstance(node, list) else node


def expression(node: Node | None) -> str | None:
    """An expression's tree as text that can be compared."""
    return None if node is None else json.dumps(_bare(node), sort_keys=True)


@cache
def _expression_of_text(text: str) -> str:
    return str(expression(parse(f"SELECT {text}")["SelectStmt"]["targetList"][0]["ResTarget"]["val"]))


def read_text(value: ops.Expression | None) -> str | None:
    """The reader's expression in the same shape."""
    if value is None:
        return None
    return "current of" if value.text.startswith("CURRENT OF ") else _expression_of_text(value.text)


def type_name(node: Node | None) -> str | None:
    """A type's tree as text that can be compared."""
    if node is None:
        return None
    names = [part["String"]["sval"] for part in node["names"]]
    names = names[1:] if names[0] == "pg_catalog" else names
    names = [_SERIALS.get(name, name) for name in names]
    return json.dumps([names, expression({"mods": node.get("typmods", [])}), len(node.get("arrayBounds", []))])


@cache
def _type_of_text(text: str) -> str:
    return str(
        type_name(
            parse(f"SELECT NULL::{text}")["SelectStmt"]["targetList"][0]["ResTarget"]["val"]["TypeCast"]["typeName"]
        )
    )


def read_type(value: ops.DataType | None) -> str | None:
    """The reader's type in the same shape."""
    if value is None:
        return None
    if value.name == "interval":
        fields = [part for part in value.modifiers if not part.isdigit()]
        precision = [f"({part})" for part in value.modifiers if part.isdigit()]
        return _type_of_text(" ".join(["interval", *fields, *precision]) + "[]" * value.dimensions)
    plain = value.name if (" " in value.name and value.name.islower()) or value.name == '"char"' else None
    built_in = value.name in ("character", "bit", "numeric", "integer", "bigint", "smallint", "real", "boolean")
    name = plain or (value.name if built_in else quote_identifier(value.name))
    return _type_of_text(str(ops.DataType(name, value.modifiers, value.dimensions, value.schema)))


def name_of(node: Node | None) -> str | None:
    """A RangeVar as `schema.name`."""
    return None if node is None else str(QualifiedName(node["relname"], node.get("schemaname")))


def name_of_list(items: Iterable[Node]) -> str:
    """A list of strings as a qualified name."""
    parts = [item["String"]["sval"] for item in items]
    return str(QualifiedName(parts[-1], parts[-2] if len(parts) > 1 else None))


def strings(items: Iterable[Node] | None) -> list[str]:
    """A list of String nodes."""
    return [item["String"]["sval"] for item in items or ()]


# -- constraints and columns -----------------------------------------------------------------------------------------

_ACTIONS = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default", "": "no action"}


def grammar_constraint(node: Node) -> Fact:
    """A Constraint node."""
    kind = node["contype"].removeprefix("CONSTR_").lower()
    fact: Fact = {
        "kind": kind,
        "name": node.get("conname"),
        "not_valid": bool(node.get("skip_validation"))
        and bool(node.get("is_enforced", kind not in ("check", "foreign"))),
        "deferrable": bool(node.get("deferrable")),
        "deferred": bool(node.get("initdeferred")),
        "no_inherit": bool(node.get("is_no_inherit")),
    }
    if kind in ("check", "foreign"):
        fact["enforced"] = bool(node.get("is_enforced"))
    if kind == "check":
        fact["expression"] = expression(node["raw_expr"])
    elif kind in ("primary", "unique"):
        fact |= {
            "columns": strings(node.get("keys")),
            "include": strings(node.get("including")),
            "index": node.get("indexname"),
            "nulls_not_distinct": bool(node.get("nulls_not_distinct")),
        }
    elif kind == "foreign":
        fact |= {
            "columns": strings(node.get("fk_attrs")),
            "table": name_of(node["pktable"]),
            "referenced": strings(node.get("pk_attrs")),
            "on_delete": _ACTIONS[node.get("fk_del_action", "a")],
            "on_update": _ACTIONS[node.get("fk_upd_action", "a")],
        }
    elif kind == "notnull":
        fact["columns"] = strings(node.get("keys"))
    elif kind == "exclusion":
        fact |= {
            "method": node.get("access_method"),
            "elements": [grammar_element(item["List"]["items"][0]) for item in node["exclusions"]],
            "where": expression(node.get("where_clause")),
        }
    return fact


def read_constraint(value: ops.Constraint, *, in_column: bool = False) -> Fact:
    """The reader's constraint in the same shape."""
    fact: Fact = {
        "name": value.name,
        "not_valid": value.not_valid,
        "deferrable": value.deferrable,
        "deferred": value.initially_deferred,
        "no_inherit": value.no_inherit,
    }
    if isinstance(value, ops.CheckConstraint):
        return fact | {"kind": "check", "enforced": value.enforced, "expression": read_text(value.expression)}
    if isinstance(value, (ops.PrimaryKey, ops.UniqueConstraint)):
        return fact | {
            "kind": "primary" if isinstance(value, ops.PrimaryKey) else "unique",
            "columns": [] if in_column else list(value.columns),
            "include": list(value.include),
            "index": value.using_index,
            "nulls_not_distinct": isinstance(value, ops.UniqueConstraint) and value.nulls_not_distinct,
        }
    if isinstance(value, ops.ForeignKey):
        return fact | {
            "kind": "foreign",
            "enforced": value.enforced,
            "columns": [] if in_column else list(value.columns),
            "table": str(value.referenced_table),
            "referenced": list(value.referenced_columns),
            "on_delete": value.on_delete.value,
            "on_update": value.on_update.value,
        }
    if isinstance(value, ops.NotNullConstraint):
        return fact | {"kind": "notnull", "columns": [] if in_column else [value.column]}
    return fact | {
        "kind": "exclusion",
        "method": value.method or "gist",
        "elements": [read_element(element) for element in value.elements],
        "where": read_text(value.where),
    }


def grammar_element(node: Node) -> Fact:
    """An IndexElem node."""
    element = node["IndexElem"]
    nulls = element.get("nulls_ordering", "SORTBY_NULLS_DEFAULT")
    return {
        "column": element.get("name"),
        "expression": expression(element.get("expr")),
        "collation": name_of_list(element["collation"]) if "collation" in element else None,
        "operator_class": name_of_list(element["opclass"]) if "opclass" in element else None,
        "descending": element.get("ordering") == "SORTBY_DESC",
        "nulls_first": {"SORTBY_NULLS_FIRST": True, "SORTBY_NULLS_LAST": False}.get(nulls),
    }


def read_element(value: ops.IndexElement) -> Fact:
    """The reader's index key in the same shape."""
    return {
        "column": value.column,
        "expression": read_text(value.expression),
        "collation": value.collation,
        "operator_class": value.operator_class,
        "descending": value.descending,
        "nulls_first": value.nulls_first,
    }


def grammar_column(node: Node) -> Fact:
    """A ColumnDef node."""
    constraints = [item["Constraint"] for item in node.get("constraints", ())]
    fact: Fact = {
        "name": node["colname"],
        "type": type_name(node.get("typeName")),
        "collation": name_of_list(node["collClause"]["collname"]) if "collClause" in node else None,
        "not_null": False,
        "null": False,
        "default": None,
        "generated": None,
        "identity": None,
        "constraints": [],
    }
    for constraint in constraints:
        kind = constraint["contype"]
        if kind == "CONSTR_NOTNULL":
            fact["not_null"] = True
            if "conname" in constraint:
                fact["constraints"].append(grammar_constraint(constraint))
        elif kind == "CONSTR_NULL":
            fact["null"] = True
        elif kind == "CONSTR_DEFAULT":
            fact["default"] = expression(constraint["raw_expr"])
        elif kind == "CONSTR_GENERATED":
            fact["generated"] = [expression(constraint["raw_expr"]), constraint.get("generated_kind") == "s"]
        elif kind == "CONSTR_IDENTITY":
            fact["identity"] = {"a": "always", "d": "by default"}[constraint["generated_when"]]
        elif kind.startswith("CONSTR_ATTR"):
            _apply_attribute(fact["constraints"], kind)
        else:
            fact["constraints"].append(grammar_constraint(constraint))
    return fact


def _apply_attribute(constraints: list[Fact], kind: str) -> None:
    if kind == "CONSTR_ATTR_DEFERRABLE":
        constraints[-1]["deferrable"] = True
    elif kind == "CONSTR_ATTR_DEFERRED":
        constraints[-1]["deferred"] = constraints[-1]["deferrable"] = True
    elif kind == "CONSTR_ATTR_NOT_ENFORCED":
        constraints[-1]["enforced"] = False


def read_column(value: ops.ColumnDefinition) -> Fact:
    """The reader's column in the same shape."""
    generated = value.generated
    return {
        "name": value.name,
        "type": read_type(value.type),
        "collation": value.collation,
        "not_null": value.not_null,
        "null": value.null,
        "default": read_text(value.default),
        "generated": None if generated is None else [read_text(generated.expression), generated.stored],
        "identity": value.identity,
        "constraints": [read_constraint(item, in_column=True) for item in value.constraints],
    }


# -- the reader's side -----------------------------------------------------------------------------------------------


def reader_facts(operations: Iterable[ops.Operation]) -> list[Fact]:
    """The facts of all operations of one statement."""
    facts = []
    for operation in operations:
        read = _READERS.get(type(operation))
        if read is not None:
            facts.append({"op": type(operation).__name__} | _target(operation) | read(operation))
    return facts


def _target(operation: Any) -> Fact:
    if isinstance(operation, ops.TableOperation):
        return {"table": str(operation.table), "if_exists": operation.if_exists, "only": operation.only}
    return {}


def _fields(*names: str) -> Callable[[Any], Fact]:
    def read(operation: Any) -> Fact:
        return {name: _plain(getattr(operation, name)) for name in names}

    return read


def _plain(value: Any) -> Any:
    if isinstance(value, QualifiedName):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, ops.Expression):
        return read_text(value)
    if isinstance(value, ops.DataType):
        return read_type(value)
    return value.value if isinstance(value, ops.ObjectKind) else value


_READERS: dict[type, Callable[[Any], Fact]] = {
    ops.AddColumn: lambda op: {"column": read_column(op.definition), "if_not_exists": op.if_not_exists},
    ops.DropColumn: _fields("column", "if_column_exists", "cascade"),
    ops.RenameColumn: _fields("column", "new_name"),
    ops.AlterColumnType: _fields("column", "type", "using", "collation"),
    ops.SetDefault: _fields("column", "default"),
    ops.DropDefault: _fields("column"),
    ops.SetNotNull: _fields("column"),
    ops.DropNotNull: _fields("column"),
    ops.AddConstraint: lambda op: {"constraint": read_constraint(op.constraint)},
    ops.DropConstraint: _fields("name", "if_constraint_exists", "cascade"),
    ops.ValidateConstraint: _fields("name"),
    ops.RenameConstraint: _fields("name", "new_name"),
    ops.AlterConstraint: _fields("name"),
    ops.AlterIdentity: _fields("column", "action"),
    ops.AlterGenerated: _fields("column", "expression"),
    ops.SetColumnOption: _fields("column"),
    ops.AlterTableOther: lambda op: {},
    ops.SetLogged: _fields("logged"),
    ops.SetTablespace: _fields("tablespace"),
    ops.SetAccessMethod: _fields("method"),
    ops.SetStorageParameters: lambda op: {"parameters": [name.rpartition(".")[2] for name in op.parameters]},
    ops.SetReplicaIdentity: _fields("identity", "index"),
    ops.AlterInheritance: _fields("parent", "attach"),
    ops.SetRowSecurity: _fields("action"),
    ops.ToggleTrigger: _fields("trigger", "enable", "mode", "rule"),
    ops.AttachPartition: lambda op: {"partition": str(op.partition), "default": op.bound.default},
    ops.DetachPartition: _fields("partition", "concurrently", "finalize"),
    ops.AttachIndexPartition: _fields("index", "partition"),
    ops.RenameTable: _fields("new_name"),
    ops.RenameObject: _fields("kind", "name", "new_name"),
    ops.SetSchema: _fields("kind", "name", "schema", "if_exists"),
    ops.CreateIndex: lambda op: (
        _fields("name", "unique", "concurrently", "if_not_exists", "include", "where", "nulls_not_distinct")(op)
        | {"method": op.method or "btree", "elements": [read_element(element) for element in op.elements]}
    ),
    ops.CreateTable: lambda op: (
        _fields("if_not_exists", "temporary", "unlogged", "partition_of", "inherits")(op)
        | {
            "foreign": op.foreign,
            "columns": [read_column(column) for column in op.columns],
            "constraints": [read_constraint(constraint) for constraint in op.constraints],
            "likes": [str(like.table) for like in op.likes],
            "partition_by": op.partition_by.strategy if op.partition_by else None,
            "query": op.query is not None,
        }
    ),
    ops.CreateView: _fields("view", "materialized", "or_replace", "with_data", "if_not_exists"),
    ops.RefreshMaterializedView: _fields("view", "concurrently", "with_data"),
    ops.DropTable: _fields("cascade"),
    ops.DropIndex: _fields("index", "concurrently", "if_exists", "cascade"),
    ops.DropView: _fields("view", "materialized", "if_exists", "cascade"),
    ops.DropSequence: _fields("sequence", "if_exists", "cascade"),
    ops.DropType: _fields("type", "domain", "if_exists", "cascade"),
    ops.DropSchema: _fields("schema", "if_exists", "cascade"),
    ops.DropExtension: _fields("extension", "if_exists", "cascade"),
    ops.DropFunction: _fields("name", "kind", "if_exists", "cascade"),
    ops.DropTrigger: _fields("name", "cascade"),
    ops.DropPolicy: _fields("name", "cascade"),
    ops.TruncateTable: _fields("cascade", "restart_identity"),
    ops.LockTable: lambda op: {"mode": str(op.mode), "nowait": op.nowait},
    ops.VacuumTable: _fields("table", "full"),
    ops.Analyze: _fields("table", "columns"),
    ops.Reindex: _fields("kind", "target", "concurrently"),
    ops.ClusterTable: _fields("table"),
    ops.CreateEnum: _fields("type", "values"),
    ops.AddEnumValue: _fields("type", "value", "if_not_exists", "before", "after"),
    ops.RenameEnumValue: _fields("type", "value", "new_value"),
    ops.CreateDomain: _fields("domain", "base", "not_null", "default"),
    ops.CreateSequence: _fields("sequence", "if_not_exists"),
    ops.AlterSequence: _fields("sequence", "if_exists", "restart"),
    ops.CreateSchema: _fields("schema", "if_not_exists"),
    ops.CreateExtension: _fields("extension", "if_not_exists", "schema"),
    ops.CreateFunction: _fields("name", "language", "or_replace", "procedure", "security_definer", "volatility"),
    ops.CreateTrigger: lambda op: (
        _fields("name", "timing", "function", "or_replace", "constraint", "deferrable", "row_level")(op)
        | {"events": sorted(op.events), "update_columns": list(op.update_columns)}
    ),
    ops.CreatePolicy: _fields("name", "permissive"),
    ops.CreateRule: _fields("name", "or_replace"),
    ops.TransactionControl: _fields("action", "chain"),
    ops.SetParameter: _fields("name", "local"),
    ops.Insert: _fields("columns", "source", "on_conflict"),
    ops.Update: _fields("columns", "where"),
    ops.Delete: _fields("where"),
    ops.Merge: lambda op: {},
    ops.Query: _fields("reads", "locks_rows"),
    ops.CopyRows: _fields("table", "into_table"),
    ops.RunCode: _fields("form"),
    ops.AlterCompositeType: _fields("type", "action", "attribute", "data_type", "cascade"),
    ops.Unreadable: _fields("reason"),
}
