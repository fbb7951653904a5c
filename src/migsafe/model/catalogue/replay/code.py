"""What operations on functions, triggers and policies leave behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, cast

from migsafe.model.catalogue.catalogue import TEMPORARY_SCHEMA, Catalogue
from migsafe.model.catalogue.links import EXECUTES, TRIGGERED_BY
from migsafe.model.catalogue.objects import Function, Policy, Table, Trigger
from migsafe.model.catalogue.replay.constraints import partition_tree
from migsafe.model.catalogue.replay.edits import having, lacking, put, rekeyed, target
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AlterFunction,
    AlterPolicy,
    CreateFunction,
    CreatePolicy,
    CreateTrigger,
    DropFunction,
    DropPolicy,
    DropTrigger,
    ToggleTrigger,
)

_VOLATILITIES = ("immutable", "stable", "volatile")


def create_function(catalogue: Catalogue, operation: CreateFunction) -> None:
    """CREATE FUNCTION: one more overload, or with OR REPLACE another of the same arguments."""
    name = catalogue.creation_name(operation.name)
    if name.schema == TEMPORARY_SCHEMA:  # gone with its session, and found by nobody who does not say the schema
        return
    function = Function(
        name=name,
        arguments=operation.arguments,
        procedure=operation.procedure,
        volatility=operation.volatility,
        references=operation.references,
        fills=operation.fills,
    )
    overloads = catalogue.functions.get(name, ())
    others = tuple(known for known in overloads if known.arguments != operation.arguments)
    if len(others) == len(overloads) or operation.or_replace:
        catalogue.functions[name] = (*others, function)


def drop_function(catalogue: Catalogue, operation: DropFunction) -> None:
    """DROP FUNCTION of one overload; CASCADE takes the triggers that execute it."""
    name = catalogue.resolve_function(operation.name)
    overloads = catalogue.functions.get(name, ())
    if operation.arguments is None or len(overloads) == 1:
        # The history says that the DROP ran: without arguments, or with another spelling of them, there was one.
        rest: tuple[Function, ...] = () if len(overloads) == 1 else overloads
    else:
        rest = tuple(known for known in overloads if known.arguments != operation.arguments)
    if rest != overloads or not overloads:
        _keep_overloads(catalogue, name, rest, cascade=operation.cascade)


def _keep_overloads(
    catalogue: Catalogue, name: QualifiedName, overloads: tuple[Function, ...], *, cascade: bool
) -> None:
    if overloads:
        catalogue.functions[name] = overloads
        return
    catalogue.functions.pop(name, None)
    for executing in catalogue.tables.linked(EXECUTES, name) if cascade else ():
        table = catalogue.tables[executing]
        gone = [trigger.name for trigger in table.triggers.values() if trigger.function == name]
        put(catalogue, replace(table, triggers=lacking(table.triggers, gone)))


def alter_function(catalogue: Catalogue, operation: AlterFunction) -> None:
    """ALTER FUNCTION: its volatility, where only one overload can be meant."""
    name = catalogue.resolve_function(operation.name)
    overloads = catalogue.functions.get(name, ())
    said = [option for option in operation.options if option in _VOLATILITIES]
    if len(overloads) == 1 and said:
        volatility = cast('Literal["immutable", "stable", "volatile"]', said[-1])
        catalogue.functions[name] = (replace(overloads[0], volatility=volatility),)


def move_function(catalogue: Catalogue, old: QualifiedName, new: QualifiedName) -> None:
    """Give a function, all overloads alike, another full name; the triggers that execute it follow."""
    if old == new or old not in catalogue.functions:
        return
    moved = tuple(replace(function, name=new) for function in catalogue.functions.pop(old))
    catalogue.functions[new] = (*catalogue.functions.get(new, ()), *moved)
    for executing in catalogue.tables.linked(EXECUTES, old):
        table = catalogue.tables[executing]
        for trigger in table.triggers.values():
            if trigger.function == old:
                table = replace(table, triggers=having(table.triggers, trigger.name, replace(trigger, function=new)))
        put(catalogue, table)


def create_trigger(catalogue: Catalogue, operation: CreateTrigger) -> None:
    """CREATE TRIGGER; row triggers of a partitioned table are made on its partitions too."""
    table = target(catalogue, operation)
    if table is None or (operation.name in table.triggers and not operation.or_replace):
        return
    trigger = Trigger(
        name=operation.name,
        function=catalogue.resolve_function(operation.function) if operation.function is not None else None,
        timing=operation.timing,
        events=operation.events,
        deferred=operation.initially_deferred,
        row_level=operation.row_level,
    )
    for member in partition_tree(catalogue, table.name) if operation.row_level else (table,):
        copy = replace(trigger, inherited=member.name != table.name)
        put(catalogue, replace(member, triggers=having(member.triggers, trigger.name, copy)))


def drop_trigger(catalogue: Catalogue, operation: DropTrigger) -> None:
    """DROP TRIGGER, by its name alone in MySQL and SQLite."""
    if operation.table.name:
        names: tuple[QualifiedName, ...] = (catalogue.resolve(operation.table),)
    else:
        names = catalogue.tables.linked(TRIGGERED_BY, QualifiedName(operation.name))
    for table in [catalogue.tables[name] for name in names if name in catalogue.tables]:
        for member in partition_tree(catalogue, table.name):
            trigger = member.triggers.get(operation.name)
            if trigger is not None and (member.name == table.name or trigger.inherited):
                put(catalogue, replace(member, triggers=lacking(member.triggers, (operation.name,))))


def toggle_trigger(catalogue: Catalogue, operation: ToggleTrigger) -> None:
    """ENABLE and DISABLE TRIGGER, of one, of ALL, or of USER triggers."""
    table = catalogue.table(operation.table)
    if table is None or operation.rule:
        return
    chosen = tuple(table.triggers) if operation.trigger in ("all", "user") else (operation.trigger,)
    for name in chosen:
        if name in table.triggers:
            toggled = replace(table.triggers[name], enabled=operation.enable)
            table = replace(table, triggers=having(table.triggers, name, toggled))
    put(catalogue, table)


def rename_trigger(catalogue: Catalogue, table: Table, old: str, new: str) -> None:
    """ALTER TRIGGER … RENAME TO; the partitions' copies follow."""
    for member in partition_tree(catalogue, table.name):
        trigger = member.triggers.get(old)
        if trigger is not None and new not in member.triggers:
            put(catalogue, replace(member, triggers=rekeyed(member.triggers, old, new, replace(trigger, name=new))))


def create_policy(catalogue: Catalogue, operation: CreatePolicy) -> None:
    """CREATE POLICY."""
    table = target(catalogue, operation)
    if table is not None and operation.name not in table.policies:
        policy = Policy(name=operation.name, permissive=operation.permissive, columns=operation.columns)
        put(catalogue, replace(table, policies=having(table.policies, policy.name, policy)))


def alter_policy(catalogue: Catalogue, operation: AlterPolicy) -> None:
    """ALTER POLICY: only its name is kept."""
    table = catalogue.table(operation.table)
    if table is not None and operation.new_name is not None:
        rename_policy(catalogue, table, operation.name, operation.new_name)


def rename_policy(catalogue: Catalogue, table: Table, old: str, new: str) -> None:
    """ALTER POLICY … RENAME TO."""
    policy = table.policies.get(old)
    if policy is not None and new not in table.policies:
        put(catalogue, replace(table, policies=rekeyed(table.policies, old, new, replace(policy, name=new))))


def drop_policy(catalogue: Catalogue, operation: DropPolicy) -> None:
    """DROP POLICY."""
    table = catalogue.table(operation.table)
    if table is not None:
        put(catalogue, replace(table, policies=lacking(table.policies, (operation.name,))))
