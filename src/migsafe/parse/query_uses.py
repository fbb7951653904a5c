"""What a query of an application names: tables, and columns with the tables that can have them.

Names are followed through aliases, subqueries and common table expressions: `o.name` is a column of what `o` stands
for, and a column of a subquery is none of a table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migsafe.model.names import QualifiedName
from migsafe.parse.trees import folded, folded_column, parse_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlglot import exp

    from migsafe.model.dialect import Dialect

#: Stands in a text for what a program fills in; a name that holds it is not known.
HOLE = "migsafe_hole"

_EXPLAIN = re.compile(r"\A\s*explain\b(?:\s*\([^()]*\)|\s+(?:analyze|verbose)\b)*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NamedTable:
    """A table that a query names; `line` counts from 1 in the query's text."""

    table: QualifiedName
    line: int = 1


@dataclass(frozen=True, slots=True)
class NamedColumn:
    """A column that a query names.

    Attributes:
        scopes: the tables that can have it, by the query or subquery that they stand in, the innermost first.
        open: something else that nobody can look into can have it too.
        line: counts from 1 in the query's text.
    """

    column: str
    scopes: tuple[tuple[QualifiedName, ...], ...]
    open: bool = False
    line: int = 1


@dataclass(frozen=True, slots=True)
class Insertion:
    """Rows that a query puts into a table: INSERT, MERGE … THEN INSERT, COPY … FROM.

    Attributes:
        columns: those that it gives a value in every row; None where it names none and counts them instead.
        width: how many values a row has, where it counts them and they can be counted.
        open: the program fills in further columns.
        line: counts from 1 in the query's text.
    """

    table: QualifiedName
    columns: tuple[str, ...] | None
    width: int | None = None
    open: bool = False
    line: int = 1


@dataclass(frozen=True, slots=True)
class QueryUses:
    """What a query names.

    Attributes:
        stars: tables of which it takes all columns: `*`, `t.*`, a whole row, `RETURNING *`.
        positional: tables whose columns it counts instead of naming them: INSERT without a column list.
        filled: tables from which it takes columns that the program fills in.
        inserts: rows that it puts into tables.
        defines: it is a definition (`CREATE TABLE`, `ALTER TABLE`, …), which uses nothing.
    """

    tables: tuple[NamedTable, ...] = ()
    columns: tuple[NamedColumn, ...] = ()
    stars: tuple[NamedTable, ...] = ()
    positional: tuple[NamedTable, ...] = ()
    filled: tuple[NamedTable, ...] = ()
    inserts: tuple[Insertion, ...] = ()
    defines: bool = False


def query_uses(sql: str, dialect: Dialect) -> QueryUses | None:
    """Read one statement of an application.

    Args:
        sql: its text; parameters in the ways of all common drivers, `HOLE` for what nobody knows.
        dialect: whose SQL it is.

    Returns:
        What it names; None where it cannot be read.
    """
    from sqlglot import exp

    tree = parse_text(_EXPLAIN.sub("", sql), dialect)
    if tree is None or isinstance(tree, exp.Command) or _is_routine(tree):
        return None
    if isinstance(tree, exp.DDL | exp.Alter | exp.Drop | exp.Comment) and not isinstance(tree, exp.DML):
        body = tree.args.get("expression")
        if not isinstance(body, exp.Query):
            return QueryUses(defines=True)
        tree = body
    if not isinstance(tree, exp.Query | exp.DML | exp.Copy | exp.TruncateTable):
        return None
    return _read(tree, dialect)


def _is_routine(tree: exp.Expr) -> bool:
    """A definition with code inside, which is a text to sqlglot."""
    return str(tree.args.get("kind", "")).upper() in ("FUNCTION", "PROCEDURE", "TRIGGER")


def fragment_uses(sql: str, dialect: Dialect) -> QueryUses | None:
    """Read a part of a query, such as a condition; its unqualified columns have no tables.

    Returns:
        What it names; None where it cannot be read.
    """
    from sqlglot import exp

    tree = parse_text(f"SELECT {sql}", dialect)
    return _read(tree, dialect, fragment=True) if isinstance(tree, exp.Select) else None


def _read(tree: exp.Expr, dialect: Dialect, *, fragment: bool = False) -> QueryUses | None:
    walk = _Walk(dialect, fragment)
    try:
        walk.visit(tree, _Block())
    except RecursionError:
        return None
    return walk.found()


@dataclass(slots=True)
class _Source:
    """What stands behind a name in FROM: a table, or else what gives these columns; None where nobody knows them."""

    table: QualifiedName | None = None
    columns: frozenset[str] | None = None


@dataclass(slots=True)
class _Block:
    """A query, or a part of one, in which names mean something."""

    parent: _Block | None = None
    sources: dict[str, list[_Source]] = field(default_factory=dict)
    common: Mapping[str, _Source] = field(default_factory=dict)
    outputs: frozenset[str] = frozenset()
    target: QualifiedName | None = None

    def chain(self) -> Iterator[_Block]:
        block: _Block | None = self
        while block is not None:
            yield block
            block = block.parent

    @property
    def all_sources(self) -> list[_Source]:
        return [source for named in self.sources.values() for source in named]

    @property
    def tables(self) -> tuple[QualifiedName, ...]:
        return tuple(dict.fromkeys(source.table for source in self.all_sources if source.table is not None))

    def named(self, name: str) -> _Source | None:
        """The source of that name, here or further out."""
        for block in self.chain():
            if name in block.sources:
                return block.sources[name][0]
        return None


class _Walk:
    """Goes through a tree once."""

    def __init__(self, dialect: Dialect, fragment: bool) -> None:
        self._dialect = dialect
        self._fragment = fragment
        self._tables: dict[NamedTable, None] = {}
        self._columns: dict[NamedColumn, None] = {}
        self._stars: dict[NamedTable, None] = {}
        self._positional: dict[NamedTable, None] = {}
        self._filled: dict[NamedTable, None] = {}
        self._inserts: dict[Insertion, None] = {}

    def found(self) -> QueryUses:
        """All that was named, in order."""
        return QueryUses(
            tables=tuple(self._tables),
            columns=tuple(self._columns),
            stars=tuple(self._stars),
            positional=tuple(self._positional),
            filled=tuple(self._filled),
            inserts=tuple(self._inserts),
        )

    def visit(self, node: exp.Expr, block: _Block) -> None:
        """Go through a part of the tree, in which the names of a block hold."""
        from sqlglot import exp

        if isinstance(node, exp.Insert) and isinstance(node.parent, exp.When):
            self._merged(node, block)
            return
        if isinstance(node, exp.Select | exp.SetOperation | exp.DML | exp.Merge | exp.Copy):
            block = self._block(node, block)
            self._written(node, block)
        if isinstance(node, exp.EQ) and isinstance(node.parent, exp.Update | exp.OnConflict):
            self._assigned(node, block)
            return
        if isinstance(node, exp.Column):
            self._column(node, block)
            return
        if isinstance(node, exp.Star):
            self._star(node, block)
        if isinstance(node, exp.Table):
            self._table(node, block)
        if isinstance(node, exp.Join):
            self._join(node, block)
        for child in node.iter_expressions():
            self.visit(child, self._block_of_child(node, child, block))

    def _block_of_child(self, node: exp.Expr, child: exp.Expr, block: _Block) -> _Block:
        """A subquery in FROM and a common table expression do not see the names of the query that they stand in."""
        from sqlglot import exp

        derived = isinstance(child, exp.Subquery) and isinstance(node, exp.From | exp.Join)
        body_of_insert = isinstance(node, exp.Insert) and isinstance(child, exp.Query)
        if derived or body_of_insert or isinstance(child, exp.With):
            return _Block(parent=block.parent, common=block.common)
        return block

    # -- names -------------------------------------------------------------------------------------------------------

    def _block(self, node: exp.Expr, outer: _Block) -> _Block:
        from sqlglot import exp

        block = _Block(parent=outer, common=outer.common, target=outer.target)
        if with_ := node.args.get("with_"):
            block.common = {**outer.common, **dict(self._common(with_))}
        for source in self._direct_sources(node):
            self._add_source(block, source)
        if isinstance(node, exp.Select):
            block.outputs = frozenset(
                self._fold(selected.args["alias"]) for selected in node.selects
                if isinstance(selected, exp.Alias) and isinstance(selected.args.get("alias"), exp.Identifier)
            )  # fmt: skip
        if isinstance(node, exp.DML | exp.Merge) and block.tables:
            block.target = block.tables[0]
        if isinstance(node, exp.Insert) and block.target is not None:
            block.sources["excluded"] = [_Source(block.target)]
        return block

    def _common(self, with_: exp.Expr) -> Iterator[tuple[str, _Source]]:
        for cte in with_.expressions:
            alias = cte.args.get("alias")
            if alias is not None and alias.this is not None:
                yield self._fold(alias.this), _Source(columns=self._outputs(cte.this, alias))

    def _direct_sources(self, node: exp.Expr) -> Iterator[exp.Expr]:
        """The tables, subqueries and functions that a query's FROM and the like name."""
        from sqlglot import exp

        first = node.args.get("this") if isinstance(node, exp.DML | exp.Merge | exp.Copy) else None
        using = node.args.get("using") if isinstance(node, exp.Delete | exp.Merge) else None
        from_ = node.args.get("from_")
        for source in (first, from_ and from_.this, *(using if isinstance(using, list) else [using])):
            if isinstance(source, exp.Expr):
                yield from self._joined(source)
        for part in (*(node.args.get("joins") or ()), *(node.args.get("laterals") or ())):
            yield from self._joined(part.this if isinstance(part, exp.Join) else part)

    def _joined(self, source: exp.Expr) -> Iterator[exp.Expr]:
        from sqlglot import exp

        if isinstance(source, exp.Schema):
            source = source.this
        if isinstance(source, exp.Subquery | exp.Paren) and isinstance(source.this, exp.Table):
            yield from self._joined(source.this)  # FROM (a JOIN b ON …)
        else:
            yield source
        for join in source.args.get("joins") or ():
            yield from self._joined(join.this)

    def _add_source(self, block: _Block, node: exp.Expr) -> None:
        from sqlglot import exp

        alias = node.args.get("alias")
        name = self._table_name(node) if isinstance(node, exp.Table) else None
        shared = block.common.get(name.name) if name is not None and name.schema is None else None
        if shared is not None:
            source = shared
        elif name is not None:
            source = _Source(table=None if HOLE in name.name else name)
        else:
            inner = node.this if isinstance(node, exp.Subquery | exp.Lateral) else None
            source = _Source(columns=self._outputs(inner, alias))
        key = self._fold(alias.this) if alias is not None and alias.this is not None else name.name if name else ""
        block.sources.setdefault(key, []).append(source)

    def _outputs(self, query: exp.Expr | None, alias: exp.Expr | None) -> frozenset[str] | None:
        """The columns that a subquery gives; None where nobody knows them all."""
        from sqlglot import exp

        if alias is not None and alias.args.get("columns"):
            return frozenset(self._fold_column(getattr(column, "this", column)) for column in alias.args["columns"]
                             if isinstance(column, exp.Identifier | exp.ColumnDef))  # fmt: skip
        if not isinstance(query, exp.Query):
            return None
        names = query.named_selects
        return None if not names or "*" in names else frozenset(name.lower() for name in names)

    def _table_name(self, table: exp.Expr) -> QualifiedName | None:
        from sqlglot import exp

        if not isinstance(table.this, exp.Identifier):
            return None
        schema = self._fold(table.args.get("db"))
        return QualifiedName(self._fold(table.this), schema if schema and HOLE not in schema else None)

    # -- uses --------------------------------------------------------------------------------------------------------

    def _table(self, node: exp.Table, block: _Block) -> None:
        name = self._table_name(node)
        if name is None or (name.schema is None and name.name in block.common):
            return
        if HOLE not in name.name:
            self._tables[NamedTable(name, _line(node.this))] = None
            alias = node.args.get("alias")
            if alias is not None and alias.args.get("columns"):
                self._positional[NamedTable(name, _line(node.this))] = None

    def _join(self, node: exp.Join, block: _Block) -> None:
        for identifier in node.args.get("using") or ():
            for table in block.tables:
                self._name(identifier, ((table,),))
        if node.args.get("method") == "NATURAL":
            self._take_all(block.tables, node.this.this)

    def _star(self, node: exp.Star, block: _Block) -> None:
        from sqlglot import exp

        parent = node.parent
        if isinstance(parent, exp.Returning) and block.target is not None:
            self._take_all((block.target,), node)
        elif isinstance(parent, exp.Select) and not isinstance(parent.parent, exp.Exists):
            self._take_all(block.tables, node)

    def _take_all(self, tables: tuple[QualifiedName, ...], node: exp.Expr) -> None:
        self._stars.update({NamedTable(table, _line(node)): None for table in tables})

    def _column(self, node: exp.Column, block: _Block) -> None:
        from sqlglot import exp

        qualifier = self._fold(node.args.get("table"))
        if qualifier:
            self._qualified(node, qualifier, block)
            return
        name = self._fold_column(node.this)
        if HOLE in name:
            if isinstance(node.parent, exp.Select):
                self._filled.update({NamedTable(table, _line(node.this)): None for table in block.tables})
            return
        if isinstance(node.parent, exp.Ordered) and isinstance(node.parent.parent, exp.Order) and name in block.outputs:
            return
        if (row := block.named(name)) is not None:
            if row.table is not None:
                self._take_all((row.table,), node.this)
            return
        self._unqualified(node, name, block)

    def _qualified(self, node: exp.Column, qualifier: str, block: _Block) -> None:
        from sqlglot import exp

        source = block.named(qualifier)
        if source is None:
            schema = self._fold(node.args.get("db")) or None
            source = _Source(QualifiedName(qualifier, schema) if HOLE not in qualifier else None)
        if source.table is None:
            return
        if isinstance(node.this, exp.Star):
            self._take_all((source.table,), node.this)
        elif HOLE in node.this.name:
            self._filled[NamedTable(source.table, _line(node.this))] = None
        else:
            self._name(node.this, ((source.table,),))

    def _unqualified(self, node: exp.Column, name: str, block: _Block) -> None:
        scopes, unsure = [], False
        for outer in block.chain():
            derived = [source.columns for source in outer.all_sources if source.table is None]
            unsure = unsure or None in derived
            if outer.tables:
                scopes.append(outer.tables)
            if any(columns is not None and name in columns for columns in derived):
                if not scopes:
                    return
                unsure = True
        if scopes or unsure or self._fragment:
            self._name(node.this, tuple(scopes), unsure=unsure)

    def _written(self, node: exp.Expr, block: _Block) -> None:
        """The columns that a statement writes, which are those of its target."""
        from sqlglot import exp

        target = block.target
        if target is None:
            return
        schema = node.args.get("this")
        if isinstance(node, exp.Insert | exp.Copy) and isinstance(schema, exp.Schema):
            for identifier in schema.expressions:
                self._name(identifier, ((target,),))
        elif (isinstance(node, exp.Insert) and not node.args.get("default")) or isinstance(node, exp.Copy):
            self._positional[NamedTable(target, _line(getattr(schema, "this", schema)))] = None
        if isinstance(node, exp.Insert) or (isinstance(node, exp.Copy) and node.args.get("kind")):
            named = schema.expressions if isinstance(schema, exp.Schema) else [] if node.args.get("default") else None
            table = schema.this if isinstance(schema, exp.Schema) else schema
            self._insert(node, target, named, line=_line(getattr(table, "this", table)))

    def _merged(self, node: exp.Insert, block: _Block) -> None:
        """WHEN NOT MATCHED THEN INSERT of MERGE."""
        from sqlglot import exp

        if block.target is not None and isinstance(node.this, exp.Tuple):
            named = [getattr(column, "this", column) for column in node.this.expressions]
            for column in named:
                self._name(column, ((block.target,),))
            self._insert(node, block.target, named, line=next(map(_line, named), 1))
        elif block.target is not None:
            self._insert(node, block.target, None)
            self._positional[NamedTable(block.target)] = None
        if node.expression is not None:
            self.visit(node.expression, block)

    def _insert(self, node: exp.Expr, table: QualifiedName, named: Sequence[exp.Expr] | None, *, line: int = 1) -> None:
        """Note which columns an insertion gives a value; one that is given DEFAULT in some row is left out."""
        rows = _rows(node.args.get("expression"))
        if named is None:
            widths = {len(row) for row in rows}
            width = min(widths) if widths and not any(_is_default(value) for row in rows for value in row) else None
            self._inserts[Insertion(table, None, width, line=line)] = None
            return
        columns = [self._fold_column(column) for column in named]
        left = {at for row in rows for at, value in enumerate(row) if _is_default(value)}
        given = tuple(name for at, name in enumerate(columns) if at not in left and HOLE not in name)
        is_open = any(HOLE in name for name in columns)
        self._inserts[Insertion(table, given, open=is_open, line=line)] = None

    def _assigned(self, node: exp.EQ, block: _Block) -> None:
        """`column = value` of SET: the column is the target's, the value's names are found as ever."""
        from sqlglot import exp

        targets = node.this.expressions if isinstance(node.this, exp.Tuple) else [node.this]
        for column in targets:
            if isinstance(column, exp.Column) and not column.args.get("table") and block.target is not None:
                self._name(column.this, ((block.target,),))
            else:
                self.visit(column, block)
        self.visit(node.expression, block)

    def _name(
        self, identifier: exp.Expr, scopes: tuple[tuple[QualifiedName, ...], ...], *, unsure: bool = False
    ) -> None:
        name = self._fold_column(identifier)
        if name and HOLE not in name:
            self._columns[NamedColumn(name, scopes, unsure, _line(identifier))] = None

    def _fold(self, identifier: exp.Expr | None) -> str:
        return folded(identifier, self._dialect)

    def _fold_column(self, identifier: exp.Expr | None) -> str:
        return folded_column(identifier, self._dialect)


def _rows(source: exp.Expr | None) -> list[list[exp.Expr]]:
    """The rows of VALUES, or of MERGE's; none where they come from a query."""
    from sqlglot import exp

    if isinstance(source, exp.Tuple):
        return [list(source.expressions)]
    if not isinstance(source, exp.Values):
        return []
    return [list(row.expressions) if isinstance(row, exp.Tuple) else [row] for row in source.expressions]


def _is_default(value: exp.Expr) -> bool:
    from sqlglot import exp

    return isinstance(value, exp.Var | exp.Column) and value.name.upper() == "DEFAULT"


def _line(node: exp.Expr | None) -> int:
    line = node.meta.get("line", 1) if node is not None else 1
    return line if isinstance(line, int) else 1
