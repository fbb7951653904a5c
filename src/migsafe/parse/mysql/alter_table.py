"""ALTER TABLE: one reader per action (MySQL 8.4 manual, 15.1.9; MariaDB documentation, "ALTER TABLE")."""

from __future__ import annotations

from collections.abc import Callable

from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AddColumn,
    AddConstraint,
    AlterConstraint,
    AlterTableOther,
    DropColumn,
    DropConstraint,
    DropDefault,
    ObjectKind,
    Operation,
    RenameColumn,
    RenameObject,
    RenameTable,
    SetColumnOption,
    SetDefault,
    Unreadable,
)
from migsafe.parse.cursor import Stuck
from migsafe.parse.expressions import read_expression
from migsafe.parse.mysql.alter_target import Target
from migsafe.parse.mysql.columns import PlacedColumn, read_column
from migsafe.parse.mysql.create_table import as_operation, read_element
from migsafe.parse.mysql.cursor import MySqlCursor
from migsafe.parse.mysql.indexes import drop_index
from migsafe.parse.mysql.keys import IndexDefinition, read_key, sees_key
from migsafe.parse.mysql.modify import modify_column
from migsafe.parse.mysql.options import REBUILDING, read_partitioning, take_option
from migsafe.parse.mysql.partitions import take_partition_action

Action = Callable[[MySqlCursor, Target], list[Operation]]


def read_alter_table(cursor: MySqlCursor) -> list[Operation]:
    """ALTER [ONLINE] [IGNORE] TABLE [IF EXISTS] name [WAIT n | NOWAIT] action, action …, behind the word ALTER.

    An action that cannot be read is an `Unreadable`; those beside it are read all the same.
    """
    words = [word for word in (cursor.take_any("ONLINE"), cursor.take_any("IGNORE")) if word]
    cursor.expect("TABLE")
    if_exists = cursor.take("IF", "EXISTS")
    target = Target(cursor, cursor.qualified_name(), if_exists)
    if cursor.take("WAIT"):
        words.append(f"wait {cursor.next().text}")
    elif cursor.take("NOWAIT"):
        words.append("nowait")
    head = cursor.span_from(0)
    operations: list[Operation] = [
        AlterTableOther(
            span=head, table=target.table, if_exists=if_exists, action=word.lower(), metadata_only=word != "IGNORE"
        )
        for word in words
    ]
    if cursor.at_end:
        return operations or [AlterTableOther(span=head, table=target.table, if_exists=if_exists, action="nothing")]
    while True:
        operations += _read_action(cursor, target)
        separated = cursor.take(",")
        if cursor.at_end and not separated:
            return operations
        if cursor.at_end:
            cursor.stuck("an action")


def _read_action(cursor: MySqlCursor, target: Target) -> list[Operation]:
    """One action; only PARTITION BY and REMOVE PARTITIONING follow another one without a comma."""
    start = cursor.at
    target.start = start
    try:
        found = _action(cursor, target)
        if not (cursor.at_end or cursor.word() == "," or cursor.sees_any(("PARTITION", "REMOVE"))):
            cursor.stuck("a comma or the end")
    except Stuck as error:
        cursor.at = max(cursor.at, start)
        _skip_to_comma(cursor, start)
        return [Unreadable(span=cursor.span_from(start), reason=error.reason)]
    if not cursor.at_end and cursor.word() != ",":
        return [*found, *_read_action(cursor, target)]
    return found


def _skip_to_comma(cursor: MySqlCursor, start: int) -> None:
    cursor.at = start
    depth = 0
    while not cursor.at_end:
        word = cursor.word()
        if word == "," and depth <= 0 and cursor.at > start:
            return
        depth += (word == "(") - (word == ")")
        cursor.at += 1


def _action(cursor: MySqlCursor, target: Target) -> list[Operation]:
    partition = take_partition_action(cursor)
    if partition is not None:
        return [target.other(partition, metadata_only=False)]
    if action := _ACTIONS.get(cursor.word()):
        cursor.at += 1
        return action(cursor, target)
    option = take_option(cursor)
    if option is None:
        cursor.stuck("an action of ALTER TABLE")
    while (further := take_option(cursor)) is not None:
        option = option._replace(value=f"{option.value} {further.name}={further.value}")
    action_text = f"{option.name}={option.value}" if option.value else option.name
    return [target.other(action_text, metadata_only=option.name not in REBUILDING)]


def _add(cursor: MySqlCursor, target: Target) -> list[Operation]:
    if cursor.take("SYSTEM", "VERSIONING"):
        return [target.other("add system versioning", metadata_only=False)]
    if cursor.sees("PERIOD", "FOR"):
        read_element(cursor)
        return [target.other("add period", metadata_only=False)]
    if sees_key(cursor):
        return [_add_key(cursor, target)]
    cursor.take("COLUMN")
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    if cursor.word() != "(":
        return _add_column(target, read_column(cursor), if_not_exists)
    operations: list[Operation] = []
    inside = cursor.group()
    while True:
        part = target.inside(inside)
        if sees_key(inside):
            operations.append(_add_key(inside, part))
        else:
            operations += _add_column(part, read_column(inside), if_not_exists)
        if not inside.take(","):
            break
    inside.finish()
    return operations


def _add_column(target: Target, column: PlacedColumn, if_not_exists: bool) -> list[Operation]:
    operations: list[Operation] = [
        AddColumn(**target.common(), definition=column.definition, if_not_exists=if_not_exists)
    ]
    if column.position:
        operations.append(SetColumnOption(**target.common(), column=column.definition.name, option=column.position))
    return operations


def _add_key(cursor: MySqlCursor, target: Target) -> Operation:
    key = read_key(cursor)
    if isinstance(key, IndexDefinition):
        return as_operation(target.table, target.span, key)
    return AddConstraint(**target.common(), constraint=key)


def _drop(cursor: MySqlCursor, target: Target) -> list[Operation]:
    if cursor.take("PRIMARY", "KEY"):
        return [DropConstraint(**target.common(), name=None)]
    if cursor.take("FOREIGN", "KEY") or cursor.take_any("CONSTRAINT", "CHECK"):
        if_exists = cursor.take("IF", "EXISTS")
        name = cursor.identifier()
        return [DropConstraint(**target.common(), name=name, if_constraint_exists=if_exists)]
    if cursor.take_any("INDEX", "KEY"):
        if_exists = cursor.take("IF", "EXISTS")
        name = cursor.identifier()
        return [drop_index(target.span, target.table, name, if_exists)]
    if cursor.take("SYSTEM", "VERSIONING"):
        return [target.other("drop system versioning", metadata_only=False)]
    if cursor.take("PERIOD", "FOR"):
        cursor.identifier()
        return [target.other("drop period", metadata_only=False)]
    cursor.take("COLUMN")
    if_exists = cursor.take("IF", "EXISTS")
    column = cursor.identifier()
    cascade = cursor.take_any("CASCADE", "RESTRICT") == "CASCADE"
    return [DropColumn(**target.common(), column=column, if_column_exists=if_exists, cascade=cascade)]


def _alter(cursor: MySqlCursor, target: Target) -> list[Operation]:
    if cursor.take_any("INDEX", "KEY"):
        cursor.take("IF", "EXISTS")
        name = cursor.identifier()
        hidden = "not " if cursor.take("NOT") else ""
        word = cursor.expect_any("VISIBLE", "INVISIBLE", "IGNORED")
        return [target.other(f"alter index {name} {hidden}{word.lower()}")]
    if cursor.take_any("CONSTRAINT", "CHECK"):
        name = cursor.identifier()
        enforced = not cursor.take("NOT")
        cursor.expect("ENFORCED")
        return [AlterConstraint(**target.common(), name=name, enforced=enforced)]
    cursor.take("COLUMN")
    cursor.take("IF", "EXISTS")
    return [_alter_column(cursor, target, cursor.identifier())]


def _alter_column(cursor: MySqlCursor, target: Target, column: str) -> Operation:
    if cursor.take("DROP", "DEFAULT"):
        return DropDefault(**target.common(), column=column)
    cursor.expect("SET")
    if word := cursor.take_any("VISIBLE", "INVISIBLE"):
        return SetColumnOption(**target.common(), column=column, option=word.lower())
    cursor.expect("DEFAULT")
    default = read_expression(cursor.until(lambda: False))
    if default.null:
        return DropDefault(**target.common(), column=column)
    return SetDefault(**target.common(), column=column, default=default)


def _modify(cursor: MySqlCursor, target: Target) -> list[Operation]:
    cursor.take("COLUMN")
    if_exists = cursor.take("IF", "EXISTS")
    return modify_column(target.with_if_exists(if_exists), read_column(cursor))


def _change(cursor: MySqlCursor, target: Target) -> list[Operation]:
    cursor.take("COLUMN")
    target = target.with_if_exists(cursor.take("IF", "EXISTS"))
    old = cursor.identifier()
    column = read_column(cursor)
    new = column.definition.name
    rename: list[Operation] = [RenameColumn(**target.common(), column=old, new_name=new)] if new != old else []
    return rename + modify_column(target, column)


def _rename(cursor: MySqlCursor, target: Target) -> list[Operation]:
    if cursor.take("COLUMN"):
        cursor.take("IF", "EXISTS")
        old = cursor.identifier()
        cursor.expect("TO")
        new = cursor.identifier()
        return [RenameColumn(**target.common(), column=old, new_name=new)]
    if cursor.take_any("INDEX", "KEY"):
        if_exists = cursor.take("IF", "EXISTS")
        old = cursor.identifier()
        cursor.expect("TO")
        new = cursor.identifier()
        name = QualifiedName(old)
        return [
            RenameObject(
                span=target.span,
                kind=ObjectKind.INDEX,
                name=name,
                new_name=new,
                if_exists=if_exists,
                table=target.table,
            )
        ]
    cursor.take_any("TO", "AS", "=")
    new_name = cursor.qualified_name()
    return [RenameTable(**target.common(), new_name=new_name)]


def _order(cursor: MySqlCursor, target: Target) -> list[Operation]:
    cursor.expect("BY")

    def column() -> str:
        name = cursor.qualified_name().name
        cursor.take_any("ASC", "DESC")
        return name

    cursor.listed(column)
    return [target.other("order by", metadata_only=False)]


def _convert(cursor: MySqlCursor, target: Target) -> list[Operation]:
    cursor.expect("TO")
    if not (cursor.take("CHARACTER", "SET") or cursor.take("CHARSET")):
        cursor.stuck("CHARACTER SET")
    action = f"convert to character set {cursor.option_value()}"
    if cursor.take("COLLATE"):
        action += f" collate {cursor.option_value()}"
    return [target.other(action, metadata_only=False)]


def _choice(name: str) -> Action:
    """ALGORITHM=… and LOCK=…: what the server may do, or must refuse."""

    def read(cursor: MySqlCursor, target: Target) -> list[Operation]:
        return [target.other(f"{name}={cursor.option_value()}")]

    return read


def _words(name: str, *following: str, metadata_only: bool = True) -> Action:
    """An action of fixed words, of which the first is read."""

    def read(cursor: MySqlCursor, target: Target) -> list[Operation]:
        word = cursor.expect_any(*following).lower() if following else ""
        if following and word != following[-1].lower():
            cursor.stuck(following[-1])
        return [target.other(name, metadata_only=metadata_only)]

    return read


def _partition_by(cursor: MySqlCursor, target: Target) -> list[Operation]:
    cursor.at -= 1
    read_partitioning(cursor)
    return [target.other("partition by", metadata_only=False)]


_ACTIONS: dict[str, Action] = {
    "ADD": _add,
    "DROP": _drop,
    "ALTER": _alter,
    "MODIFY": _modify,
    "CHANGE": _change,
    "RENAME": _rename,
    "ORDER": _order,
    "CONVERT": _convert,
    "ALGORITHM": _choice("algorithm"),
    "LOCK": _choice("lock"),
    "FORCE": _words("force", metadata_only=False),
    "ENABLE": _words("enable keys", "KEYS", metadata_only=False),
    "DISABLE": _words("disable keys", "KEYS"),
    "DISCARD": _words("discard tablespace", "TABLESPACE", metadata_only=False),
    "IMPORT": _words("import tablespace", "TABLESPACE", metadata_only=False),
    "WITH": _words("with validation", "VALIDATION"),
    "WITHOUT": _words("without validation", "VALIDATION"),
    "PARTITION": _partition_by,
}
