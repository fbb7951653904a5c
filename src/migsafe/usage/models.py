"""SQLAlchemy models, read from their syntax: which tables are mapped, and with which columns.

Read are declarative classes (`__tablename__`, `__table__`, Flask-SQLAlchemy's and SQLModel's own names), mixins,
single-table and joined inheritance, `Table(…)` and `table(…)`, foreign keys that name a column, and the constraints of
`__table_args__`. Where a base is of another package, nobody knows its columns, and that is said.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migsafe.model.names import QualifiedName
from migsafe.model.usage import Giving, Place, Use, Writer
from migsafe.usage.classes import Classes, Module, PythonClass, assignments, called, dotted, keyword, text_of
from migsafe.usage.files import is_test
from migsafe.usage.new_rows import giving_of
from migsafe.usage.sightings import Sighting, counted, evidence

if TYPE_CHECKING:
    from migsafe.model.usage import UsageEvidence
    from migsafe.usage.code import Code
    from migsafe.usage.subjects import Wanted

SOURCE = "sqlalchemy-models"

_COLUMNS = frozenset({"Column", "mapped_column", "column"})
_TABLES = frozenset({"Table", "table"})
_KEYS = frozenset({"ForeignKey", "ForeignKeyConstraint"})
_CONSTRAINTS = frozenset({"Index", "UniqueConstraint", "PrimaryKeyConstraint", "ForeignKeyConstraint",
                          "CheckConstraint", "ExcludeConstraint"})  # fmt: skip
#: What an attribute of a mapped class can be besides a column.
_NO_COLUMNS = frozenset(
    {"relationship", "Relationship", "dynamic_loader", "association_proxy", "synonym", "hybrid_property", "property",
     "backref", "staticmethod", "classmethod", "query_expression", "lazy_gettext", "_", "_l", "object_session"}
)  # fmt: skip
#: Declarative bases and mixins without columns, of SQLAlchemy and of others.
_PLAIN_BASE = re.compile(
    r"(?:.*Base|.*Model|DeclarativeMeta|MappedAsDataclass|SQLModel|AsyncAttrs|Generic|Protocol|ABC|object|UserMixin"
    r"|BaseQuery|.*LoggingMixin|Enum|str|DeferredReflection|MutableDict)\Z"
)
#: Mixins of other packages, and their columns.
_KNOWN_MIXINS: dict[str, frozenset[str]] = {
    "AuditMixin": frozenset({"created_on", "changed_on", "created_by_fk", "changed_by_fk"}),  # Flask-AppBuilder
    "SQLAlchemyBaseUserTable": frozenset(
        {"id", "email", "hashed_password", "is_active", "is_superuser", "is_verified"}
    ),
    "SQLAlchemyBaseUserTableUUID": frozenset(
        {"id", "email", "hashed_password", "is_active", "is_superuser", "is_verified"}
    ),
}
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """A column of a mapping; `sure` is false where an attribute only may be one.

    Attributes:
        giving: whether a new row has a value for it; None where it is only named, by a constraint for example.
    """

    name: str
    attribute: str
    place: Place
    sure: bool = True
    giving: Giving | None = None


@dataclass(slots=True)
class Mapping:
    """What a class or a `Table` maps.

    Attributes:
        owner: as a person would call it, for example "class User".
        open: why it may have columns that are not listed.
        part: it lists only some of the columns: a class that shares the table of another one, `table(…)` for a query.
    """

    table: QualifiedName
    owner: str
    place: Place
    columns: list[MappedColumn] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    part: bool = False


@dataclass(slots=True)
class _Found:
    """What was seen of one subject."""

    sightings: list[Sighting] = field(default_factory=list)
    mappings: list[Mapping] = field(default_factory=list)


class Models:
    """The SQLAlchemy models of one release's code."""

    def __init__(self, code: Code, classes: Classes) -> None:
        self._code = code
        self._classes = classes
        self._declared = tuple(self._all_mappings())
        self._keys = tuple(self._all_keys())
        self._unread = sorted(path for path in code.unread if path.endswith(".py"))

    def evidence(self, sought: Wanted, release: str | None) -> UsageEvidence | None:
        """What the models say of a subject; None where its table is not mapped."""
        found = self._of(sought)
        return evidence(SOURCE, found.sightings, release, otherwise=self._otherwise(sought, found.mappings))

    def maps(self, sought: Wanted) -> bool:
        """Whether the subject's table is mapped at all, outside of tests."""
        return any(self._is_real(mapping) for mapping in self._of(sought).mappings)

    def writers(self, sought: Wanted) -> Iterator[Writer]:
        """The mappings through which rows get into the subject's table, outside of tests."""
        mappings = [mapping for mapping in self._of(sought).mappings if self._is_real(mapping)]
        elsewhere = any(mapping.part and _mapped(mapping, sought) for mapping in mappings)
        for mapping in mappings:
            if not mapping.part:
                yield _writer(mapping, sought, elsewhere=elsewhere)

    def owners(self, sought: Wanted) -> frozenset[str]:
        """The names of the classes that map the subject's table, in lower case."""
        owners = (mapping.owner for mapping in self._of(sought).mappings)
        return frozenset(owner.removeprefix("class ").lower() for owner in owners if owner.startswith("class "))

    def _is_real(self, mapping: Mapping) -> bool:
        return not is_test(mapping.place.path)

    def _of(self, sought: Wanted) -> _Found:
        found = _Found(mappings=[mapping for mapping in self._declared if sought.is_table(mapping.table)])
        for mapping in found.mappings:
            found.sightings += _uses(mapping, sought)
        found.sightings += [seen for table, column, seen in self._keys if _is_key_to(sought, table, column)]
        return found

    def _otherwise(self, sought: Wanted, mappings: list[Mapping]) -> tuple[Use, str] | None:
        real = [mapping for mapping in mappings if self._is_real(mapping)]
        reason = next((reason for mapping in real for reason in mapping.open), None)
        if reason is None and self._unread and (real or sought.column is None):
            reason = f"{self._unread[0]} is not read: {self._code.unread[self._unread[0]]}"
        if reason is not None:
            return Use.UNKNOWN, f"the models cannot be read in full: {reason}"
        if real:
            owner = real[0]
            return Use.NONE, f"{owner.owner} ({owner.place}) maps {owner.table.name} without a column {sought.column}"
        if sought.column is None and self._code.declarative_files:
            files = counted(self._code.declarative_files, "file")
            return Use.NONE, f"none of the models in {files} maps {sought.subject.table.name}"
        return None

    # -- classes -----------------------------------------------------------------------------------------------------

    def _all_mappings(self) -> Iterator[Mapping]:
        for declared in self._classes.all():
            table = self._table_of(declared)
            if table is not None:
                yield self._mapping(declared, table)
            elif (parent := self._single_table(declared)) is not None:
                yield replace(self._mapping(declared, parent), part=True)
        for module in self._classes.modules():
            yield from _tables(module)

    def _mapping(self, declared: PythonClass, table: QualifiedName) -> Mapping:
        mapping = Mapping(table, f"class {declared.name}", _place(declared.module, declared.node))
        implicit = self._is_sqlmodel(declared)
        mapping.columns += _columns(declared, implicit=implicit)
        for name, base in self._mixed_in(declared):
            if base is not None:
                mapping.columns += _columns(base, implicit=implicit)
            elif (known := _KNOWN_MIXINS.get(name.rpartition(".")[2])) is not None:
                mapping.columns += [MappedColumn(column, column, mapping.place) for column in sorted(known)]
            elif not _PLAIN_BASE.match(name.rpartition(".")[2]):
                mapping.open.append(f"{name}, a base of class {declared.name} ({mapping.place}), is of another package")
        return mapping

    def _mixed_in(self, declared: PythonClass) -> Iterator[tuple[str, PythonClass | None]]:
        """The bases that give their columns to the class's own table: not those that have a table of their own."""
        barred: set[int] = set()
        for name, base in self._classes.ancestry(declared):
            if base is None:
                yield name, None
            elif self._own_table(base) is not None or id(base.node) in barred:
                barred |= {id(above.node) for _, above in self._classes.ancestry(base) if above is not None}
            else:
                yield name, base

    def _single_table(self, declared: PythonClass) -> QualifiedName | None:
        """The table of a base, which a class without a table of its own shares."""
        bases = (base for _, base in self._classes.ancestry(declared) if base is not None)
        return next((table for base in bases if (table := self._own_table(base)) is not None), None)

    def _table_of(self, declared: PythonClass) -> QualifiedName | None:
        own = self._own_table(declared)
        if own is not None:
            return own
        for _, base in self._classes.ancestry(declared):
            method = base.method("__tablename__") if base is not None else None
            if base is not None and method is not None:
                name = _computed_name(method, declared, base.module)
                return None if name is None else QualifiedName(name, _schema(declared))
        return None

    def _own_table(self, declared: PythonClass) -> QualifiedName | None:
        """The table that a class names itself."""
        given = declared.assigned("__tablename__")
        name = text_of(given, declared.module)
        method = declared.method("__tablename__")
        if method is not None and not _is_mixin(declared):
            name = _computed_name(method, declared, declared.module)
        if name is None and given is None and method is None:
            name = _implied_name(declared)
        return None if name is None else QualifiedName(name, _schema(declared))

    def _is_sqlmodel(self, declared: PythonClass) -> bool:
        names = [*declared.bases, *(name for name, _ in self._classes.ancestry(declared))]
        return any(name.rpartition(".")[2] == "SQLModel" for name in names)

    # -- foreign keys ------------------------------------------------------------------------------------------------

    def _all_keys(self) -> Iterator[tuple[QualifiedName, str, Sighting]]:
        for module in self._classes.modules():
            for call in module.calls:
                if called(call) in _KEYS:
                    yield from _key_targets(call, module)


def _uses(mapping: Mapping, sought: Wanted) -> Iterator[Sighting]:
    in_tests = is_test(mapping.place.path)
    table = mapping.table.name
    if sought.column is None:
        yield _sighting(mapping.place, f"{mapping.owner} maps {table}", in_tests=in_tests)
        return
    for column in mapping.columns:
        if sought.is_column(column.name):
            renamed = f" as {column.attribute}" if column.attribute != column.name else ""
            verb = "maps" if column.sure else "may map"
            text = f"{mapping.owner} {verb} {table}.{column.name}{renamed}"
            yield _sighting(column.place, text, sure=column.sure, in_tests=in_tests)


def _sighting(place: Place, text: str, *, sure: bool = True, in_tests: bool = False) -> Sighting:
    if in_tests:
        return Sighting(Use.WEAK, place, text + ", in a test")
    return Sighting(Use.STRONG if sure else Use.WEAK, place, text)


def _mapped(mapping: Mapping, sought: Wanted) -> list[MappedColumn]:
    """The column, where the mapping has it: as it is declared, before what only names it."""
    return sorted((c for c in mapping.columns if sought.is_column(c.name)), key=lambda column: column.giving is None)


def _writer(mapping: Mapping, sought: Wanted, *, elsewhere: bool) -> Writer:
    """What a mapping does to new rows.

    Args:
        elsewhere: a class that shares the table has the column.
    """
    table, columns = mapping.table.name, _mapped(mapping, sought)
    if not columns:
        unsure = mapping.open or elsewhere
        text = f"{mapping.owner} maps {table} without {sought.column}" + (", as far as can be seen" if unsure else "")
        return Writer(SOURCE, Giving.MAY_LEAVE_OUT if unsure else Giving.LEAVES_OUT, mapping.place, text)
    column = columns[0]
    if column.giving is Giving.GIVES and column.sure:
        return Writer(SOURCE, Giving.GIVES, column.place, f"{mapping.owner} always gives {table}.{column.name} a value")
    text = f"{mapping.owner} maps {table}.{column.name}, and may leave it out or NULL"
    return Writer(SOURCE, Giving.MAY_LEAVE_OUT, column.place, text)


def _is_key_to(sought: Wanted, table: QualifiedName, column: str) -> bool:
    return sought.is_table(table) and (sought.column is None or sought.is_column(column))


def _key_targets(call: ast.Call, module: Module) -> Iterator[tuple[QualifiedName, str, Sighting]]:
    """`ForeignKey("schema.table.column")`, and those of a constraint's second list."""
    targets = call.args[:1] if called(call) == "ForeignKey" else []
    if called(call) == "ForeignKeyConstraint" and len(call.args) > 1 and isinstance(call.args[1], ast.List | ast.Tuple):
        targets = call.args[1].elts
    for target in targets:
        parts = (text_of(target, module) or "").split(".")
        if len(parts) in (2, 3):
            name = QualifiedName(parts[-2], parts[0] if len(parts) == 3 else None)
            text = f"a foreign key references {parts[-2]}.{parts[-1]}"
            seen = _sighting(_place(module, call), text, in_tests=is_test(module.path))
            yield name, parts[-1], seen


# -- names of tables -------------------------------------------------------------------------------------------------


def _schema(declared: PythonClass) -> str | None:
    arguments = declared.assigned("__table_args__")
    for node in ast.walk(arguments) if arguments is not None else ():
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "schema":
                    return text_of(value, declared.module)
    return None


def _implied_name(declared: PythonClass) -> str | None:
    """The name that SQLModel and Flask-SQLAlchemy make of the class's."""
    table = next((argument.value for argument in declared.node.keywords if argument.arg == "table"), None)
    if isinstance(table, ast.Constant) and table.value is True:
        return declared.name.lower()
    if any(base == "db.Model" for base in declared.bases) and declared.assigned("__abstract__") is None:
        return _HUMP.sub("_", declared.name).lower()
    return None


def _computed_name(method: ast.FunctionDef, of: PythonClass, module: Module) -> str | None:
    """`return cls.__name__.lower()` and its like; None where it says something else."""
    for node in ast.walk(method):
        if isinstance(node, ast.Return) and node.value is not None:
            given = text_of(node.value, module)
            if given is not None:
                return given
            if ast.unparse(node.value) == "cls.__name__.lower()":
                return of.name.lower()
            if ast.unparse(node.value) == "cls.__name__":
                return of.name
            return _HUMP.sub("_", of.name).lower()
    return None


def _is_mixin(declared: PythonClass) -> bool:
    """Whether a class with a computed name of its table is there to be inherited."""
    return not any(called(value) in _COLUMNS for _, value, _ in assignments(declared.node.body)) or (
        declared.assigned("__abstract__") is not None
    )


# -- columns ---------------------------------------------------------------------------------------------------------


def _columns(declared: PythonClass, *, implicit: bool) -> Iterator[MappedColumn]:
    """The columns that a class's body declares."""
    for names, value, node in assignments(declared.node.body):
        for attribute in names:
            if attribute.startswith("__"):
                yield from _named_in_arguments(attribute, value, declared.module)
            else:
                yield from _column(attribute, value, node, declared.module, implicit=implicit)
    for node in declared.node.body:
        if isinstance(node, ast.FunctionDef) and _is_declared(node):
            for call in _calls(node, _COLUMNS):
                yield _explicit(node.name, call, declared.module)
            if node.name == "__table_args__":
                yield from _constrained(node, declared.module)


def _column(
    attribute: str, value: ast.expr | None, node: ast.stmt, module: Module, *, implicit: bool
) -> Iterator[MappedColumn]:
    calls = list(_calls(value, _COLUMNS)) if value is not None else []
    annotation = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else ""
    if calls:
        typed = annotation if "Mapped[" in annotation else ""
        yield from (_explicit(attribute, call, module, typed) for call in calls)
        return
    if called(value) in _NO_COLUMNS:
        return
    place = _place(module, node)
    if "Mapped[" in annotation or (implicit and annotation and "ClassVar" not in annotation):
        yield MappedColumn(attribute, attribute, place, giving=giving_of(value, annotation))
    elif isinstance(value, ast.Call) and not annotation:
        yield MappedColumn(attribute, attribute, place, sure=called(value).lower().endswith("column"))


def _explicit(attribute: str, call: ast.Call, module: Module, annotation: str = "") -> MappedColumn:
    given = keyword(call, "name") or (call.args[0] if call.args else None)
    name = text_of(given, module) if not isinstance(given, ast.Name) or given.id in module.constants else None
    return MappedColumn(name or attribute, attribute, _place(module, call), giving=giving_of(call, annotation))


def _named_in_arguments(attribute: str, value: ast.expr | None, module: Module) -> Iterator[MappedColumn]:
    if attribute == "__table_args__" and value is not None:
        yield from _constrained(value, module)


def _constrained(node: ast.AST, module: Module) -> Iterator[MappedColumn]:
    """The columns that constraints and indexes name by their names."""
    for call in _calls(node, _CONSTRAINTS):
        arguments = call.args[1:] if called(call) == "Index" else call.args
        if called(call) == "ForeignKeyConstraint":
            arguments = call.args[:1]
        for argument in arguments:
            for inner in argument.elts if isinstance(argument, ast.List | ast.Tuple) else (argument,):
                name = text_of(inner, module)
                if name is not None and name.isidentifier():
                    yield MappedColumn(name, name, _place(module, call))


def _is_declared(node: ast.FunctionDef) -> bool:
    """Whether a function makes an attribute of a mapped class."""
    return any("declared_attr" in ast.unparse(decorator) for decorator in node.decorator_list)


def _calls(node: ast.AST, names: Iterable[str]) -> Iterator[ast.Call]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and called(inner) in names:
            yield inner


# -- Table(…) --------------------------------------------------------------------------------------------------------


def _tables(module: Module) -> Iterator[Mapping]:
    for call in module.calls:
        name = text_of(call.args[0], module) if call.args and called(call) in _TABLES else None
        if name is None or not _is_table(call):
            continue
        schema = keyword(call, "schema")
        table = QualifiedName(name, text_of(schema, module) if schema is not None else None)
        mapping = Mapping(table, f"{dotted(call.func)}({name!r})", _place(module, call), part=called(call) == "table")
        for argument in call.args[1:]:
            if isinstance(argument, ast.Starred):
                mapping.open.append(f"{mapping.owner} ({mapping.place}) takes columns from {ast.unparse(argument)}")
            if (inner := next(_calls(argument, _COLUMNS), None)) is not None:
                mapping.columns.append(_explicit("", inner, module))
            mapping.columns += _constrained(argument, module)
        if keyword(call, "autoload_with") or keyword(call, "autoload"):
            mapping.open.append(f"{mapping.owner} ({mapping.place}) takes its columns from the database as it is")
        yield mapping


def _is_table(call: ast.Call) -> bool:
    """`Table` is a common word: SQLAlchemy's has its metadata or its columns behind the name."""
    if any(called(argument) in _COLUMNS for argument in call.args[1:]):
        return True
    return called(call) == "Table" and len(call.args) > 1 and "meta" in ast.unparse(call.args[1]).lower()


def _place(module: Module, node: ast.stmt | ast.expr) -> Place:
    return Place(module.path, node.lineno)
