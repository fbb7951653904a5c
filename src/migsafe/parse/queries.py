"""What a query reads: tables, columns, functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.model.names import QualifiedName
from migsafe.model.operation import ColumnUse
from migsafe.parse.cursor import STRING, Cursor
from migsafe.parse.expressions import called_functions, compared_columns
from migsafe.parse.trees import folded, folded_column, parse_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlglot import exp

_SOURCES = frozenset({"FROM", "JOIN", "TABLE", "USING"})
_NO_SOURCE = frozenset({"SELECT", "LATERAL", "ROWS", "VALUES", "UNNEST", "ONLY"})
_ENDS_WHERE = frozenset(
    {"GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR", "UNION", "INTERSECT", "EXCEPT", "ON",
     "RETURNING"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class QueryFacts:
    """What is known of a query; the fields are those of `Query` and `CreateView`."""

    text: str
    reads: tuple[QualifiedName, ...] = ()
    uses: tuple[ColumnUse, ...] = ()
    star: bool = False
    understood: bool = True
    columns: tuple[str, ...] = ()


def read_query(cursor: Cursor) -> QueryFacts:
    """Read what is left of a cursor as one query. Never raises; where sqlglot cannot parse it, `reads` is a guess."""
    from sqlglot import exp

    text = cursor.source
    if not any(word in _SOURCES for word in cursor.words[cursor.at : cursor.stop]):
        return QueryFacts(text)
    tree = parse_tree(cursor)
    if not isinstance(tree, exp.Query):
        return QueryFacts(text, reads=tuple(guess_reads(cursor)), understood=cursor.word() == "TABLE")
    return QueryFacts(
        text,
        reads=tuple(dict.fromkeys(_tables(tree, cursor))),
        uses=tuple(dict.fromkeys(_uses(tree, cursor))),
        star=any(not isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star)),
        columns=_output_columns(tree, cursor),
    )


def tables_of(cursor: Cursor) -> tuple[QualifiedName, ...]:
    """The tables that a statement names, in order, its target among them; CTEs are none."""
    tree = parse_tree(cursor)
    return tuple(dict.fromkeys(guess_reads(cursor) if tree is None else _tables(tree, cursor)))


def columns_of_condition(cursor: Cursor) -> tuple[str, ...] | None:
    """The columns that an expression with a query inside names; None where it cannot be read."""
    from sqlglot import exp

    tree = parse_tree(cursor, before="SELECT ")
    if not isinstance(tree, exp.Select):
        return None
    return tuple(dict.fromkeys(folded_column(column.this, cursor.dialect) for column in tree.find_all(exp.Column)))


def guess_reads(cursor: Cursor) -> Iterator[QualifiedName]:
    """Names that stand behind FROM, JOIN, USING and TABLE: for statements that sqlglot cannot parse."""
    probe = cursor.part(cursor.at, cursor.stop)
    while not probe.at_end:
        if probe.next().word not in _SOURCES:
            continue
        probe.take("ONLY")
        if probe.sees_name() and not probe.sees_any(_NO_SOURCE):
            name = probe.qualified_name()
            if probe.word() != "(":
                yield name


def _tables(tree: exp.Expr, cursor: Cursor) -> Iterator[QualifiedName]:
    from sqlglot import exp

    dialect = cursor.dialect
    ctes = {folded(cte.args["alias"].this, dialect) for cte in tree.find_all(exp.CTE) if cte.args.get("alias")}
    for table in tree.find_all(exp.Table):
        name = _table_name(table, cursor)
        if name is not None and not (name.schema is None and name.name in ctes):
            yield name


def _table_name(table: exp.Table, cursor: Cursor) -> QualifiedName | None:
    from sqlglot import exp

    if not isinstance(table.this, exp.Identifier):
        return None
    schema = folded(table.args.get("db"), cursor.dialect) or None
    return QualifiedName(folded(table.this, cursor.dialect), schema)


def _uses(tree: exp.Expr, cursor: Cursor) -> Iterator[ColumnUse]:
    from sqlglot import exp

    named: dict[str, QualifiedName | None] = {}
    for table in tree.find_all(exp.Table):
        name = _table_name(table, cursor)
        alias = table.args.get("alias")
        key = folded(alias.this, cursor.dialect) if alias and alias.this else (name.name if name else "")
        named[key] = name if named.get(key, name) == name else None
    ctes = {folded(cte.args["alias"].this, cursor.dialect) for cte in tree.find_all(exp.CTE) if cte.args.get("alias")}
    simple = next(tree.find_all(exp.Subquery, exp.CTE, exp.SetOperation), None) is None
    only = next(iter(named.values())) if len(named) == 1 and simple else None
    for column in tree.find_all(exp.Column):
        if isinstance(column.this, exp.Star):
            continue
        qualifier = folded(column.args.get("table"), cursor.dialect)
        name = named.get(qualifier) if qualifier else only
        from_cte = name is not None and name.schema is None and name.name in ctes
        yield ColumnUse(folded(column.this, cursor.dialect), None if from_cte else name)


def _output_columns(tree: exp.Query, cursor: Cursor) -> tuple[str, ...]:
    from sqlglot import exp

    columns = []
    for selected in tree.selects:
        output = selected.args.get("alias") if isinstance(selected, exp.Alias) else selected.this
        if not isinstance(output, exp.Identifier) or not isinstance(selected, (exp.Alias, exp.Column)):
            return ()
        columns.append(folded(output, cursor.dialect))
    return tuple(columns)


# -- facts that tokens tell ------------------------------------------------------------------------------------------


def string_constants(cursor: Cursor) -> frozenset[str]:
    """The strings in it."""
    return frozenset(token.text for token in cursor.tokens[cursor.at : cursor.stop] if token.kind == STRING)


def locks_rows(cursor: Cursor) -> bool:
    """Whether it has FOR UPDATE, FOR SHARE or their like."""
    words = cursor.words
    return any(
        words[at] == "FOR" and at + 1 < cursor.stop and words[at + 1] in ("UPDATE", "SHARE", "NO", "KEY")
        for at in range(cursor.at, cursor.stop)
    )


def is_bounded(cursor: Cursor) -> bool:
    """Whether a query has a LIMIT, or a WHERE that compares a column with constants."""
    words = cursor.words[cursor.at : cursor.stop]
    if "LIMIT" in words or ("FETCH" in words and words[words.index("FETCH") + 1 :][:1] in (["FIRST"], ["NEXT"])):
        return True
    probe = cursor.part(cursor.at, cursor.stop)
    while not probe.at_end:
        if probe.take("WHERE"):
            where = probe.until(lambda: probe.word() in _ENDS_WHERE, commas=False)
            return bool(compared_columns(where))
        if probe.word() == "(":
            probe.group()
        else:
            probe.next()
    return False


def functions_of(cursor: Cursor) -> tuple[str, ...]:
    """The functions that a query calls."""
    return called_functions(cursor)
