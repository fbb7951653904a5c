"""The statements of the real Postgres grammar as facts, in the shape of `postgres_grammar.reader_facts`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from migsafe.model.names import QualifiedName
from postgres_grammar import (
    Fact,
    Node,
    expression,
    grammar_column,
    grammar_constraint,
    grammar_element,
    name_of,
    name_of_list,
    strings,
    type_name,
)

_KIND_WORDS = {
    "MATVIEW": "materialized view",
    "STATISTIC_EXT": "statistics",
    "FOREIGN_SERVER": "server",
    "FDW": "foreign data wrapper",
}


def grammar_facts(statement: Node) -> list[Fact] | None:
    """The facts of one statement; None for a kind that is compared by nothing but being read."""
    kind, node = next(iter(statement.items()))
    read = _STATEMENTS.get(kind)
    return None if read is None else read(node)


def _kind(word: str) -> str:
    bare = word.removeprefix("OBJECT_")
    return _KIND_WORDS.get(bare, bare.replace("_", " ").lower())


def _cascade(node: Node) -> bool:
    return node.get("behavior") == "DROP_CASCADE"


def _relation(node: Node, relation: str = "relation", *, missing: str = "missing_ok") -> Fact:
    target = node[relation]
    return {"table": name_of(target), "if_exists": bool(node.get(missing)), "only": not target.get("inh", False)}


# -- ALTER TABLE -----------------------------------------------------------------------------------------------------


_ATTRIBUTE_ACTIONS = {"AddColumn": "add", "DropColumn": "drop", "AlterColumnType": "alter"}


def _alter_attributes(node: Node) -> list[Fact]:
    """ALTER TYPE … ATTRIBUTE, which the grammar makes an ALTER TABLE."""
    facts = []
    for item in node["cmds"]:
        command = item["AlterTableCmd"]
        column = command.get("def", {}).get("ColumnDef", {})
        facts.append(
            {
                "op": "AlterCompositeType",
                "type": name_of(node["relation"]),
                "action": _ATTRIBUTE_ACTIONS[command["subtype"].removeprefix("AT_")],
                "attribute": command.get("name") or column["colname"],
                "data_type": type_name(column.get("typeName")),
                "cascade": _cascade(command),
            }
        )
    return facts


def _alter_table(node: Node) -> list[Fact]:
    if node["objtype"] == "OBJECT_TYPE":
        return _alter_attributes(node)
    target = _relation(node)
    facts = []
    for item in node["cmds"]:
        command = item["AlterTableCmd"]
        fact = _command(command["subtype"].removeprefix("AT_"), command, target, node)
        facts.append(fact if fact["op"] == "AttachIndexPartition" else target | fact)
    return facts


def _command(kind: str, command: Node, target: Fact, node: Node) -> Fact:  # noqa: C901  # one line or two per action
    name = command.get("name", str(command.get("num", "")))
    column = {"column": name}
    missing_ok = bool(command.get("missing_ok"))
    definition = next(iter(command["def"].values())) if isinstance(command.get("def"), dict) else {}
    index = node.get("objtype") == "OBJECT_INDEX"
    match kind:
        case "AddColumn":
            return {"op": "AddColumn", "column": grammar_column(definition), "if_not_exists": missing_ok}
        case "DropColumn":
            return {"op": "DropColumn", **column, "if_column_exists": missing_ok, "cascade": _cascade(command)}
        case "ColumnDefault":
            if not definition or definition.get("isnull"):
                return {"op": "DropDefault", **column}
            return {"op": "SetDefault", **column, "default": expression(command["def"])}
        case "SetNotNull" | "DropNotNull":
            return {"op": kind, **column}
        case "AlterColumnType":
            collation = name_of_list(definition["collClause"]["collname"]) if "collClause" in definition else None
            using = expression(definition.get("raw_default"))
            return {
                "op": kind,
                **column,
                "type": type_name(definition["typeName"]),
                "using": using,
                "collation": collation,
            }
        case "AddConstraint":
            return {"op": kind, "constraint": grammar_constraint(definition)}
        case "DropConstraint":
            return {"op": kind, "name": name, "if_constraint_exists": missing_ok, "cascade": _cascade(command)}
        case "ValidateConstraint":
            return {"op": kind, "name": name}
        case "AlterConstraint":
            return {"op": kind, "name": definition["conname"]}
        case "AddIdentity" | "DropIdentity":
            return {"op": "AlterIdentity", **column, "action": kind.removesuffix("Identity").lower()}
        case "SetIdentity":
            generated = any(item["DefElem"]["defname"] == "generated" for item in command["def"]["List"]["items"])
            return {"op": "AlterIdentity", **column, "action": "set" if generated else "options"}
        case "SetExpression":
            return {"op": "AlterGenerated", **column, "expression": expression(command["def"])}
        case "DropExpression":
            return {"op": "AlterGenerated", **column, "expression": None}
        case (
            "SetStatistics"
            | "SetStorage"
            | "SetCompression"
            | "SetOptions"
            | "ResetOptions"
            | "AlterColumnGenericOptions"
        ):
            return {"op": "SetColumnOption", **column}
        case "SetLogged" | "SetUnLogged":
            return {"op": "SetLogged", "logged": kind == "SetLogged"}
        case "SetTableSpace":
            return {"op": "SetTablespace", "tablespace": name}
        case "SetAccessMethod":
            return {"op": kind, "method": name}
        case "SetRelOptions" | "ResetRelOptions" if node.get("objtype") != "OBJECT_VIEW":
            names = [item["DefElem"]["defname"] for item in command["def"]["List"]["items"]]
            return {"op": "SetStorageParameters", "parameters": names}
        case "ReplicaIdentity":
            words = {"d": "default", "f": "full", "n": "nothing", "i": "index"}
            return {
                "op": "SetReplicaIdentity",
                "identity": words[definition["identity_type"]],
                "index": definition.get("name"),
            }
        case "AddInherit" | "DropInherit":
            return {"op": "AlterInheritance", "parent": name_of(definition), "attach": kind == "AddInherit"}
        case "EnableRowSecurity" | "DisableRowSecurity" | "ForceRowSecurity" | "NoForceRowSecurity":
            action = {"NoForce": "no force"}.get(
                kind.removesuffix("RowSecurity"), kind.removesuffix("RowSecurity").lower()
            )
            return {"op": "SetRowSecurity", "action": action}
        case "AttachPartition" if index:
            return {"op": "AttachIndexPartition", "index": target["table"], "partition": name_of(definition["name"])}
        case "AttachPartition":
            bound = definition["bound"]
            return {"op": kind, "partition": name_of(definition["name"]), "default": bool(bound.get("is_default"))}
        case "DetachPartition" | "DetachPartitionFinalize":
            return {
                "op": "DetachPartition",
                "partition": name_of(definition["name"]),
                "concurrently": bool(definition.get("concurrent")),
                "finalize": kind == "DetachPartitionFinalize",
            }
    return _toggle(kind, name) or {"op": "AlterTableOther"}


def _toggle(kind: str, name: str) -> Fact | None:
    found = re.fullmatch(r"(Enable|Disable)(Always|Replica)?(Trig|Rule)(All|User)?", kind)
    if found is None:
        return None
    verb, mode, what, group = found.groups()
    return {
        "op": "ToggleTrigger",
        "trigger": (group or name).lower() if group else name,
        "enable": verb == "Enable",
        "mode": (mode or "origin").lower(),
        "rule": what == "Rule",
    }


def _rename(node: Node) -> list[Fact] | None:
    kind, new_name = node["renameType"], node["newname"]
    on_table = {"OBJECT_COLUMN": "RenameColumn", "OBJECT_TABCONSTRAINT": "RenameConstraint"}.get(kind)
    if on_table is not None:
        word = "column" if on_table == "RenameColumn" else "name"
        return [{"op": on_table, word: node["subname"], "new_name": new_name} | _relation(node)]
    if kind in ("OBJECT_TABLE", "OBJECT_FOREIGN_TABLE"):
        return [{"op": "RenameTable", "new_name": str(QualifiedName(new_name))} | _relation(node)]
    if kind in ("OBJECT_INDEX", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_SEQUENCE"):
        return [{"op": "RenameObject", "kind": _kind(kind), "name": name_of(node["relation"]), "new_name": new_name}]
    if kind == "OBJECT_TYPE":
        return [
            {
                "op": "RenameObject",
                "kind": "type",
                "name": name_of_list(node["object"]["List"]["items"]),
                "new_name": new_name,
            }
        ]
    return None


def _set_schema(node: Node) -> list[Fact] | None:
    if "relation" not in node:
        return None
    kind = _kind(node["objectType"])
    missing_ok = bool(node.get("missing_ok"))
    return [
        {
            "op": "SetSchema",
            "kind": kind,
            "name": name_of(node["relation"]),
            "schema": node["newschema"],
            "if_exists": missing_ok,
        }
    ]


# -- CREATE ----------------------------------------------------------------------------------------------------------


def _create_index(node: Node) -> list[Fact]:
    return [
        _relation(node)
        | {
            "op": "CreateIndex",
            "name": node.get("idxname"),
            "unique": bool(node.get("unique")),
            "concurrently": bool(node.get("concurrent")),
            "if_not_exists": bool(node.get("if_not_exists")),
            "include": [item["IndexElem"]["name"] for item in node.get("indexIncludingParams", ())],
            "where": expression(node.get("whereClause")),
            "nulls_not_distinct": bool(node.get("nulls_not_distinct")),
            "method": node.get("accessMethod", "btree"),
            "elements": [grammar_element(item) for item in node.get("indexParams", ())],
        }
    ]


def _create_table(node: Node, *, foreign: bool = False) -> list[Fact]:
    elements = node.get("tableElts", ())
    parents = [name_of(item["RangeVar"]) for item in node.get("inhRelations", ())]
    partition = parents[0] if "partbound" in node else None
    persistence = node["relation"]["relpersistence"]
    return [
        {
            "op": "CreateTable",
            "table": name_of(node["relation"]),
            "if_exists": False,
            "only": False,
            "if_not_exists": bool(node.get("if_not_exists")),
            "temporary": persistence == "t",
            "unlogged": persistence == "u",
            "partition_of": partition,
            "inherits": [] if partition else parents,
            "foreign": foreign,
            "columns": [grammar_column(item["ColumnDef"]) for item in elements if "ColumnDef" in item],
            "constraints": [grammar_constraint(item["Constraint"]) for item in elements if "Constraint" in item],
            "likes": [name_of(item["TableLikeClause"]["relation"]) for item in elements if "TableLikeClause" in item],
            "partition_by": node["partspec"]["strategy"].removeprefix("PARTITION_STRATEGY_").lower()
            if "partspec" in node
            else None,
            "query": False,
        }
    ]


def _create_table_as(node: Node) -> list[Fact] | None:
    into = node["into"]
    if node["objtype"] == "OBJECT_MATVIEW":
        return [
            {
                "op": "CreateView",
                "view": name_of(into["rel"]),
                "materialized": True,
                "or_replace": False,
                "with_data": not into.get("skipData"),
                "if_not_exists": bool(node.get("if_not_exists")),
            }
        ]
    fact = _create_table({"relation": into["rel"], "if_not_exists": node.get("if_not_exists")})[0]
    columns = [grammar_column({"colname": name}) for name in strings(into.get("colNames"))]
    return [fact | {"query": True, "columns": columns}]


def _view(node: Node) -> list[Fact]:
    return [
        {
            "op": "CreateView",
            "view": name_of(node["view"]),
            "materialized": False,
            "or_replace": bool(node.get("replace")),
            "with_data": True,
            "if_not_exists": False,
        }
    ]


def _refresh(node: Node) -> list[Fact]:
    concurrently = bool(node.get("concurrent"))
    view = name_of(node["relation"])
    return [
        {
            "op": "RefreshMaterializedView",
            "view": view,
            "concurrently": concurrently,
            "with_data": not node.get("skipData"),
        }
    ]


def _enum(node: Node) -> list[Fact]:
    return [{"op": "CreateEnum", "type": name_of_list(node["typeName"]), "values": strings(node.get("vals"))}]


def _alter_enum(node: Node) -> list[Fact]:
    name = name_of_list(node["typeName"])
    if "oldVal" in node:
        return [{"op": "RenameEnumValue", "type": name, "value": node["oldVal"], "new_value": node["newVal"]}]
    neighbor = node.get("newValNeighbor")
    return [
        {
            "op": "AddEnumValue",
            "type": name,
            "value": node["newVal"],
            "if_not_exists": bool(node.get("skipIfNewValExists")),
            "before": neighbor if not node.get("newValIsAfter") else None,
            "after": neighbor if node.get("newValIsAfter") else None,
        }
    ]


def _domain(node: Node) -> list[Fact]:
    constraints = [item["Constraint"] for item in node.get("constraints", ())]
    defaults = [expression(item["raw_expr"]) for item in constraints if item["contype"] == "CONSTR_DEFAULT"]
    return [
        {
            "op": "CreateDomain",
            "domain": name_of_list(node["domainname"]),
            "base": type_name(node["typeName"]),
            "not_null": any(item["contype"] == "CONSTR_NOTNULL" for item in constraints),
            "default": defaults[0] if defaults else None,
        }
    ]


def _sequence(node: Node) -> list[Fact]:
    if_not_exists = bool(node.get("if_not_exists"))
    return [{"op": "CreateSequence", "sequence": name_of(node["sequence"]), "if_not_exists": if_not_exists}]


def _alter_sequence(node: Node) -> list[Fact]:
    options = [item["DefElem"]["defname"] for item in node.get("options", ())]
    return [
        {
            "op": "AlterSequence",
            "sequence": name_of(node["sequence"]),
            "if_exists": bool(node.get("missing_ok")),
            "restart": "restart" in options,
        }
    ]


def _extension(node: Node) -> list[Fact]:
    options = {item["DefElem"]["defname"]: item["DefElem"].get("arg", {}) for item in node.get("options", ())}
    schema = options["schema"]["String"]["sval"] if "schema" in options else None
    return [
        {
            "op": "CreateExtension",
            "extension": node["extname"],
            "if_not_exists": bool(node.get("if_not_exists")),
            "schema": schema,
        }
    ]


def _function(node: Node) -> list[Fact]:
    options = {item["DefElem"]["defname"]: item["DefElem"].get("arg", {}) for item in node.get("options", ())}
    language = options["language"]["String"]["sval"] if "language" in options else "sql"
    return [
        {
            "op": "CreateFunction",
            "name": name_of_list(node["funcname"]),
            "language": language,
            "or_replace": bool(node.get("replace")),
            "procedure": bool(node.get("is_procedure")),
            "security_definer": bool(options.get("security", {}).get("Boolean", {}).get("boolval")),
            "volatility": options["volatility"]["String"]["sval"] if "volatility" in options else "volatile",
        }
    ]


_EVENTS = {4: "insert", 8: "delete", 16: "update", 32: "truncate"}


def _trigger(node: Node) -> list[Fact]:
    events = node["events"]
    return [
        {
            "op": "CreateTrigger",
            "table": name_of(node["relation"]),
            "if_exists": False,
            "only": False,
            "name": node["trigname"],
            "timing": {0: "after", 2: "before", 64: "instead of"}[node.get("timing", 0)],
            "function": name_of_list(node["funcname"]),
            "or_replace": bool(node.get("replace")),
            "constraint": bool(node.get("isconstraint")),
            "deferrable": bool(node.get("deferrable")),
            "row_level": bool(node.get("row")),
            "events": sorted(word for bit, word in _EVENTS.items() if events & bit),
            "update_columns": strings(node.get("columns")),
        }
    ]


def _policy(node: Node) -> list[Fact]:
    target = {"table": name_of(node["table"]), "if_exists": False, "only": False}
    return [target | {"op": "CreatePolicy", "name": node["policy_name"], "permissive": bool(node.get("permissive"))}]


def _rule(node: Node) -> list[Fact]:
    target = {"table": name_of(node["relation"]), "if_exists": False, "only": False}
    return [target | {"op": "CreateRule", "name": node["rulename"], "or_replace": bool(node.get("replace"))}]


# -- DROP and maintenance --------------------------------------------------------------------------------------------

_DROPS = {
    "SEQUENCE": ("DropSequence", "sequence"),
    "TYPE": ("DropType", "type"),
    "DOMAIN": ("DropType", "type"),
    "VIEW": ("DropView", "view"),
    "MATVIEW": ("DropView", "view"),
    "INDEX": ("DropIndex", "index"),
    "SCHEMA": ("DropSchema", "schema"),
    "EXTENSION": ("DropExtension", "extension"),
    "FUNCTION": ("DropFunction", "name"),
    "PROCEDURE": ("DropFunction", "name"),
    "ROUTINE": ("DropFunction", "name"),
    "AGGREGATE": ("DropFunction", "name"),
}


def _drop(node: Node) -> list[Fact] | None:
    kind = node["removeType"].removeprefix("OBJECT_")
    common = {"if_exists": bool(node.get("missing_ok")), "cascade": _cascade(node)}
    if kind in ("TABLE", "FOREIGN_TABLE"):
        return [
            {"op": "DropTable", "table": name_of_list(item["List"]["items"]), "only": False} | common
            for item in node["objects"]
        ]
    if kind in ("TRIGGER", "POLICY"):
        parts = node["objects"][0]["List"]["items"]
        op = "DropTrigger" if kind == "TRIGGER" else "DropPolicy"
        name = parts[-1]["String"]["sval"]
        return [{"op": op, "table": name_of_list(parts[:-1]), "only": False, "name": name} | common]
    if kind not in _DROPS:
        return None
    op, word = _DROPS[kind]
    extra: Fact = {
        "DropIndex": {"concurrently": bool(node.get("concurrent"))},
        "DropView": {"materialized": kind == "MATVIEW"},
        "DropType": {"domain": kind == "DOMAIN"},
        "DropFunction": {"kind": kind.lower()},
    }.get(op, {})
    return [{"op": op, word: _dropped(item)} | common | extra for item in node["objects"]]


def _dropped(item: Node) -> str:
    kind, node = next(iter(item.items()))
    if kind == "String":
        return str(node["sval"])
    if kind == "TypeName":
        return name_of_list(node["names"])
    return name_of_list(node["objname"] if kind == "ObjectWithArgs" else node["items"])


def _truncate(node: Node) -> list[Fact]:
    return [
        {
            "op": "TruncateTable",
            "table": name_of(item["RangeVar"]),
            "if_exists": False,
            "only": not item["RangeVar"].get("inh"),
            "cascade": _cascade(node),
            "restart_identity": bool(node.get("restart_seqs")),
        }
        for item in node["relations"]
    ]


_MODES = ["", "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE",
          "EXCLUSIVE", "ACCESS EXCLUSIVE"]  # fmt: skip


def _lock(node: Node) -> list[Fact]:
    return [
        {
            "op": "LockTable",
            "table": name_of(item["RangeVar"]),
            "if_exists": False,
            "only": not item["RangeVar"].get("inh"),
            "mode": _MODES[node["mode"]],
            "nowait": bool(node.get("nowait")),
        }
        for item in node["relations"]
    ]


def _vacuum(node: Node) -> list[Fact]:
    relations = [item["VacuumRelation"] for item in node.get("rels", ())]
    if not node.get("is_vacuumcmd"):
        found = [(name_of(item["relation"]), strings(item.get("va_cols"))) for item in relations] or [(None, [])]
        return [{"op": "Analyze", "table": table, "columns": columns} for table, columns in found]
    full = any(
        item["DefElem"]["defname"] == "full" and item["DefElem"].get("arg", {}).get("String", {}).get("sval") != "false"
        for item in node.get("options", ())
    )
    tables = [name_of(item["relation"]) for item in relations] or [None]
    return [{"op": "VacuumTable", "table": table, "full": full} for table in tables]


def _reindex(node: Node) -> list[Fact]:
    kind = node["kind"].removeprefix("REINDEX_OBJECT_").lower()
    target = name_of(node["relation"]) if "relation" in node else node.get("name")
    options = [item["DefElem"] for item in node.get("params", ())]
    concurrently = any(
        item["defname"] == "concurrently" and item.get("arg", {}).get("String", {}).get("sval") != "false"
        for item in options
    )
    return [{"op": "Reindex", "kind": kind, "target": target, "concurrently": concurrently}]


# -- session and data ------------------------------------------------------------------------------------------------

_ACTIONS = {
    "BEGIN": "begin", "START": "begin", "COMMIT": "commit", "ROLLBACK": "rollback", "SAVEPOINT": "savepoint",
    "RELEASE": "release", "ROLLBACK_TO": "rollback to", "PREPARE": "prepare", "COMMIT_PREPARED": "commit prepared",
    "ROLLBACK_PREPARED": "rollback prepared",
}  # fmt: skip


def _transaction(node: Node) -> list[Fact]:
    action = _ACTIONS[node["kind"].removeprefix("TRANS_STMT_")]
    return [{"op": "TransactionControl", "action": action, "chain": bool(node.get("chain"))}]


def _set(node: Node) -> list[Fact]:
    name = node.get("name", "*").lower()
    if name in ("transaction", "session characteristics"):
        return [{"op": "TransactionControl", "action": "set transaction", "chain": False}]
    return [{"op": "SetParameter", "name": name, "local": bool(node.get("is_local"))}]


def _row_target(node: Node) -> Fact:
    return {"table": name_of(node["relation"]), "if_exists": False, "only": not node["relation"].get("inh")}


def _insert(node: Node) -> list[Fact] | None:
    if "withClause" in node:
        return None
    select = node.get("selectStmt", {}).get("SelectStmt")
    source = "default" if select is None else "values" if "valuesLists" in select else "query"
    columns = [item["ResTarget"]["name"] for item in node.get("cols", ())]
    conflict = "onConflictClause" in node
    return [_row_target(node) | {"op": "Insert", "columns": columns, "source": source, "on_conflict": conflict}]


def _condition(node: Node) -> str | None:
    where = node.get("whereClause")
    return "current of" if where and "CurrentOfExpr" in where else expression(where)


def _update(node: Node) -> list[Fact] | None:
    if "withClause" in node:
        return None
    columns = [item["ResTarget"]["name"] for item in node["targetList"]]
    return [_row_target(node) | {"op": "Update", "columns": columns, "where": _condition(node)}]


def _delete(node: Node) -> list[Fact] | None:
    return None if "withClause" in node else [_row_target(node) | {"op": "Delete", "where": _condition(node)}]


def _copy(node: Node) -> list[Fact]:
    return [{"op": "CopyRows", "table": name_of(node.get("relation")), "into_table": bool(node.get("is_from"))}]


_Reader = Callable[[Any], list[Fact] | None]
_STATEMENTS: dict[str, _Reader] = {
    "AlterTableStmt": _alter_table,
    "RenameStmt": _rename,
    "AlterObjectSchemaStmt": _set_schema,
    "IndexStmt": _create_index,
    "CreateStmt": _create_table,
    "CreateForeignTableStmt": lambda node: _create_table(node.get("base_stmt") or node["base"], foreign=True),
    "CreateTableAsStmt": _create_table_as,
    "ViewStmt": _view,
    "RefreshMatViewStmt": _refresh,
    "CreateEnumStmt": _enum,
    "AlterEnumStmt": _alter_enum,
    "CreateDomainStmt": _domain,
    "CreateSeqStmt": _sequence,
    "AlterSeqStmt": _alter_sequence,
    "CreateExtensionStmt": _extension,
    "CreateFunctionStmt": _function,
    "CreateTrigStmt": _trigger,
    "CreatePolicyStmt": _policy,
    "RuleStmt": _rule,
    "DropStmt": _drop,
    "TruncateStmt": _truncate,
    "LockStmt": _lock,
    "VacuumStmt": _vacuum,
    "ReindexStmt": _reindex,
    "TransactionStmt": _transaction,
    "VariableSetStmt": _set,
    "InsertStmt": _insert,
    "UpdateStmt": _update,
    "DeleteStmt": _delete,
    "CopyStmt": _copy,
    "DoStmt": lambda node: [{"op": "RunCode", "form": "do"}],
    "CallStmt": lambda node: [{"op": "RunCode", "form": "call"}],
}
