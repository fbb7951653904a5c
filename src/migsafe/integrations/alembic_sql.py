"""What Alembic's directives, or a revision's file, would send to the database: as SQL, with nothing sent."""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import MappingProxyType, ModuleType

import sqlalchemy
from alembic.ddl.impl import DefaultImpl
from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine.url import make_url

from migsafe.model.dialect import Dialect
from migsafe.model.operation import Operation
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script

#: SQLAlchemy's names of the databases that migsafe reads.
DIALECTS = MappingProxyType(
    {
        "postgresql": Dialect.POSTGRES,
        "mysql": Dialect.MYSQL,
        "mariadb": Dialect.MYSQL,
        "sqlite": Dialect.SQLITE,
    }
)
#: What comes and goes: all that a rename can be hidden in.
_COMINGS_AND_GOINGS = (ops.AddColumnOp, ops.DropColumnOp, ops.CreateTableOp, ops.DropTableOp)


@dataclass(frozen=True, slots=True)
class Rendered:
    """SQL of a list of directives.

    Attributes:
        unrendered: what gave no SQL, and why, a line each.
    """

    sql: str
    unrendered: tuple[str, ...] = ()


def render(directives: ops.OpContainer, context: MigrationContext) -> Rendered:
    """The SQL of directives, as Alembic's offline mode gives it for the database that `context` speaks to.

    The directives stay as they are. SQLite's batch mode looks at the tables through the context's connection.
    """
    buffer = io.StringIO()
    operations = Operations(_offline(type(context.dialect), context, buffer))
    unrendered: list[str] = []
    for directive in _units(directives, in_batches=bool(context.opts.get("render_as_batch"))):
        try:
            if isinstance(directive, ops.ModifyTableOps):
                _in_batch(directive, operations, context)
            else:
                operations.invoke(directive)
        except Exception as error:  # an operation of the user's own may raise anything; the others are still rendered
            unrendered.append(f"{type(directive).__name__}: {first_line(error)}")
    return Rendered(buffer.getvalue(), tuple(unrendered))


def comings_and_goings(directives: ops.OpContainer, context: MigrationContext) -> tuple[Operation, ...]:
    """Which tables and columns directives add and drop, each in place, also where batch mode would copy the table."""
    buffer = io.StringIO()
    operations = Operations(_offline(type(context.dialect), context, buffer))
    for directive in _units(directives, in_batches=False):
        if isinstance(directive, _COMINGS_AND_GOINGS):
            operations.invoke(directive)
    return operations_of(buffer.getvalue(), DIALECTS[context.dialect.name])


def revision_operations(file: Path, dialect: Dialect) -> tuple[tuple[Operation, ...], tuple[Operation, ...]]:
    """What a revision's file does, up and down, with tables altered in place. The file's code is run.

    Raises:
        Exception: whatever the file's code raises.
    """
    module = _load(file)
    up, down = (_operations_of_run(module, name, dialect) for name in ("upgrade", "downgrade"))
    return up, down


def operations_of(sql: str, dialect: Dialect) -> tuple[Operation, ...]:
    """What a text of SQL does."""
    script = Script(Direction.UP, sql, SourceText("<rendered>", sql), TransactionRule.NONE, dialect)
    return tuple(operation for statement in read_script(script).statements for operation in statement.operations)


def first_line(error: BaseException) -> str:
    """What an error says, in one line."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def _units(directive: ops.OpContainer, *, in_batches: bool) -> Iterator[ops.MigrateOperation]:
    """What is rendered by itself: each single operation; where tables are altered in batches, a table's operations."""
    for below in directive.ops:
        whole = isinstance(below, ops.ModifyTableOps) and in_batches
        if isinstance(below, ops.OpContainer) and not whole:
            yield from _units(below, in_batches=in_batches)
        else:
            yield below


def _in_batch(table: ops.ModifyTableOps, operations: Operations, context: MigrationContext) -> None:
    existing = None
    if context.dialect.name == "sqlite":  # batch mode copies the table, so it needs to know it as it is now
        existing = sqlalchemy.Table(
            table.table_name, sqlalchemy.MetaData(), schema=table.schema, autoload_with=context.connection
        )
    with operations.batch_alter_table(table.table_name, schema=table.schema, copy_from=existing) as batch:
        for single in table.ops:
            batch.invoke(single)


def _offline(
    dialect: Callable[..., sqlalchemy.Dialect], context: MigrationContext | None, buffer: io.StringIO
) -> MigrationContext:
    """A context that writes SQL into a buffer, with the naming convention of the metadata of another context."""
    known = {} if context is None else context.opts
    opts = {"as_sql": True, "output_buffer": buffer, "target_metadata": known.get("target_metadata")}
    # "named" as Alembic's own templates have it: other styles double each percent sign.
    return MigrationContext.configure(dialect=dialect(paramstyle="named"), opts=opts)


def _dialect_class(dialect: Dialect) -> type[sqlalchemy.Dialect]:
    name = next(name for name, family in DIALECTS.items() if family is dialect)
    return make_url(f"{name}://").get_dialect()


def _operations_of_run(module: ModuleType, direction: str, dialect: Dialect) -> tuple[Operation, ...]:
    buffer = io.StringIO()
    context = _offline(_dialect_class(dialect), None, buffer)
    _alter_in_place(context.impl)
    with Operations.context(context):
        for function in _functions(module, direction):
            function()
    return operations_of(buffer.getvalue(), dialect)


def _alter_in_place(impl: DefaultImpl) -> None:
    """Let SQLite's batch mode say which columns come and go, instead of copying a table that is not there."""
    if impl.dialect.name == "sqlite":
        vars(impl).update(
            requires_recreate_in_batch=lambda batch: False,
            add_constraint=lambda constraint, **_: None,  # what it refuses to do in place
            drop_constraint=lambda constraint, **_: None,
        )


def _functions(module: ModuleType, direction: str) -> Iterator[Callable[[], object]]:
    """The function of that name; where it asks for an engine's name (the template `multidb`), those of all engines."""
    main = getattr(module, direction, None)
    if main is not None and not inspect.signature(main).parameters:
        yield main
    elif main is not None:
        yield from (value for name, value in vars(module).items() if name.startswith(f"{direction}_"))


def _load(file: Path) -> ModuleType:
    spec = spec_from_file_location(f"migsafe_revision_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file.name} is not a Python file")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
