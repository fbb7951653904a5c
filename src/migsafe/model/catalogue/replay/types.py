"""What operations on enums and domains leave behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from migsafe.model.catalogue.catalogue import Catalogue
from migsafe.model.catalogue.links import TYPED
from migsafe.model.catalogue.naming import make_object_name
from migsafe.model.catalogue.objects import Column, Domain, EnumType, Table
from migsafe.model.catalogue.replay.edits import put_column
from migsafe.model.catalogue.replay.removals import forget_column
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AddEnumValue,
    AlterDomain,
    CheckConstraint,
    CreateDomain,
    CreateEnum,
    DataType,
    DropType,
    NotNullConstraint,
    RenameEnumValue,
)


def create_enum(catalogue: Catalogue, operation: CreateEnum) -> None:
    """CREATE TYPE … AS ENUM."""
    name = catalogue.creation_name(operation.type)
    if not catalogue.exists(name):
        catalogue.enums[name] = EnumType(name=name, values=operation.values)


def add_enum_value(catalogue: Catalogue, operation: AddEnumValue) -> None:
    """ADD VALUE, at the end or beside another."""
    enum = catalogue.enum(operation.type)
    if enum is None or operation.value in enum.values:
        return
    neighbour = operation.before or operation.after
    if neighbour is not None and neighbour not in enum.values:
        return
    place = len(enum.values) if neighbour is None else enum.values.index(neighbour) + (operation.before is None)
    values = (*enum.values[:place], operation.value, *enum.values[place:])
    catalogue.enums[enum.name] = replace(enum, values=values)


def rename_enum_value(catalogue: Catalogue, operation: RenameEnumValue) -> None:
    """RENAME VALUE."""
    enum = catalogue.enum(operation.type)
    if enum is not None and operation.new_value not in enum.values:
        values = tuple(operation.new_value if value == operation.value else value for value in enum.values)
        catalogue.enums[enum.name] = replace(enum, values=values)


def create_domain(catalogue: Catalogue, operation: CreateDomain) -> None:
    """CREATE DOMAIN."""
    name = catalogue.creation_name(operation.domain)
    if catalogue.exists(name):
        return
    domain = Domain(name=name, base=operation.base, not_null=operation.not_null)
    for check in operation.checks:
        domain = _checked(domain, check)
    catalogue.domains[name] = domain


def _checked(domain: Domain, check: CheckConstraint) -> Domain:
    if check.name is not None:
        return replace(domain, checks=(*domain.checks, check.name))
    number, name = 0, make_object_name(domain.name.name, None, "check")
    while name in domain.checks:
        number += 1
        name = make_object_name(domain.name.name, None, f"check{number}")
    return replace(domain, checks=(*domain.checks, name))


def alter_domain(catalogue: Catalogue, operation: AlterDomain) -> None:
    """ALTER DOMAIN: NOT NULL and checks; a default refuses nothing and is not kept."""
    domain = catalogue.domains.get(catalogue.resolve(operation.domain))
    if domain is not None:
        catalogue.domains[domain.name] = _altered(domain, operation)


def _altered(domain: Domain, operation: AlterDomain) -> Domain:
    match operation.action:
        case "set not null":
            return replace(domain, not_null=True)
        case "drop not null":
            return replace(domain, not_null=False)
        case "add constraint" if isinstance(operation.constraint, NotNullConstraint):
            return replace(domain, not_null=True)
        case "add constraint" if isinstance(operation.constraint, CheckConstraint):
            return _checked(domain, operation.constraint)
        case "drop constraint":
            return replace(domain, checks=tuple(name for name in domain.checks if name != operation.name))
        case "rename constraint":
            new = operation.new_name
            return replace(
                domain,
                checks=tuple(new if new is not None and name == operation.name else name for name in domain.checks),
            )
        case _:
            return domain


def drop_type(catalogue: Catalogue, operation: DropType) -> None:
    """DROP TYPE or DROP DOMAIN; CASCADE takes the columns of that type."""
    forget_type(catalogue, catalogue.resolve(operation.type), cascade=operation.cascade)


def forget_type(catalogue: Catalogue, name: QualifiedName, *, cascade: bool) -> None:
    """Take an enum or domain out of the catalogue; with CASCADE also columns and domains of it."""
    if cascade:
        for table, column in _columns_of_type(catalogue, name):
            if column.name in catalogue.tables[table.name].columns:
                forget_column(catalogue, catalogue.tables[table.name], column.name, cascade=True)
    below = _domains_over(catalogue, name)
    catalogue.enums.pop(name, None)
    catalogue.domains.pop(name, None)
    for domain in below if cascade else ():
        forget_type(catalogue, domain.name, cascade=True)


def _is_type(catalogue: Catalogue, data_type: DataType | None, name: QualifiedName) -> bool:
    if data_type is None or data_type.name != name.name:
        return False
    return catalogue.resolve(QualifiedName(data_type.name, data_type.schema)) == name


def _columns_of_type(catalogue: Catalogue, name: QualifiedName) -> list[tuple[Table, Column]]:
    tables = [catalogue.tables[table] for table in catalogue.tables.linked(TYPED, QualifiedName(name.name))]
    columns = [(table, column) for table in tables for column in table.columns.values()]
    return [(table, column) for table, column in columns if _is_type(catalogue, column.type, name)]


def _domains_over(catalogue: Catalogue, name: QualifiedName) -> list[Domain]:
    domains = [catalogue.domains[domain] for domain in catalogue.domains.linked(TYPED, QualifiedName(name.name))]
    return [domain for domain in domains if domain.name != name and _is_type(catalogue, domain.base, name)]


def move_type(catalogue: Catalogue, old: QualifiedName, new: QualifiedName) -> None:
    """Give an enum or domain another full name; columns and domains of it follow."""
    if catalogue.exists(new) or (old not in catalogue.enums and old not in catalogue.domains):
        return
    columns, domains = _columns_of_type(catalogue, old), _domains_over(catalogue, old)
    if old in catalogue.enums:
        catalogue.enums[new] = replace(catalogue.enums.pop(old), name=new)
    else:
        catalogue.domains[new] = replace(catalogue.domains.pop(old), name=new)
    spell = _speller(old, new)
    for table, column in columns:
        if column.type is not None:
            put_column(catalogue, catalogue.tables[table.name], replace(column, type=spell(column.type)))
    for domain in domains:
        catalogue.domains[domain.name] = replace(domain, base=spell(domain.base))


def _speller(old: QualifiedName, new: QualifiedName) -> Callable[[DataType], DataType]:
    """How a type is spelt after its move: with its schema where it was so before, or where it has changed."""

    def spell(data_type: DataType) -> DataType:
        schema = data_type.schema if old.schema == new.schema else new.schema
        return replace(data_type, name=new.name, schema=schema)

    return spell
