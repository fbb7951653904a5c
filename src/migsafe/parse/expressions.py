"""Tokens of an expression → what can be known of it without a database.

Defaults, checks, index predicates and the WHERE of an UPDATE are read from their tokens alone: which words are
functions, which are columns, whether all of it is a constant. Only what holds a query goes through sqlglot's parser.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.operation import Expression
from migsafe.parse.cursor import NUMBER, PLACEHOLDER, QUOTED, STRING, SYMBOL, WORD, Cursor

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Words that call a function without parentheses (PostgreSQL 18 manual, 9.9.5 and 9.27.1; MySQL knows most of them).
VALUE_FUNCTIONS = frozenset(
    {
        "CURRENT_CATALOG", "CURRENT_DATE", "CURRENT_ROLE", "CURRENT_SCHEMA", "CURRENT_TIME", "CURRENT_TIMESTAMP",
        "CURRENT_USER", "LOCALTIME", "LOCALTIMESTAMP", "SESSION_USER", "SYSTEM_USER", "USER", "UTC_DATE", "UTC_TIME",
        "UTC_TIMESTAMP",
    }
)  # fmt: skip

#: Words that are neither a column nor a function in an expression, also in front of `(`.
_RESERVED = frozenset(
    {
        "ALL", "AND", "ANY", "ARRAY", "AS", "ASC", "ASYMMETRIC", "BETWEEN", "BOTH", "CASE", "CAST", "COALESCE",
        "COLLATE", "CROSS", "DEFAULT", "DESC", "DISTINCT", "ELSE", "END", "EXISTS", "FALSE", "FOR", "FROM", "GREATEST",
        "GROUP", "HAVING", "ILIKE", "IN", "INTERVAL", "IS", "ISNULL", "LEADING", "LEAST", "LIKE", "NOT", "NOTNULL",
        "NULL", "NULLIF", "ON", "OR", "ORDER", "OVERLAPS", "ROW", "SIMILAR", "SOME", "SYMMETRIC", "THEN", "TO",
        "TRAILING", "TRUE", "USING", "VALUES", "VARIADIC", "WHEN", "WHERE",
    }
)  # fmt: skip
#: Words that are that only where an operand stands before them; elsewhere they are names.
_CONTEXTUAL = frozenset(
    {
        "AT", "BINARY", "BY", "ESCAPE", "FILTER", "FIRST", "FOLLOWING", "GLOB", "LAST", "NULLS", "OF", "OVER",
        "PARTITION", "PRECEDING", "RANGE", "REGEXP", "RLIKE", "ROWS", "UNBOUNDED", "UNKNOWN", "WITHIN", "XOR",
    }
)  # fmt: skip
_KEYWORDS = _RESERVED | _CONTEXTUAL
_BEFORE_OPERANDS = frozenset({"AND", "OR", "NOT", "WHEN", "THEN", "ELSE", "BETWEEN", "LIKE", "ILIKE", "("})
_QUERIES = frozenset({"SELECT", "WITH", "TABLE"})
_CONSTANTS = frozenset({"TRUE", "FALSE", "NULL"})
_TYPE_WORDS = frozenset({"VARYING", "PRECISION", "TIME", "ZONE", "WITH", "WITHOUT", "YEAR", "MONTH", "DAY", "HOUR",
                         "MINUTE", "SECOND", "TO", "SIGNED", "UNSIGNED"})  # fmt: skip
#: Further words between or behind operands: `a OPERATOR(s.=) b`, `a IS JSON OBJECT`, `a IS NFC NORMALIZED`.
_INFIX_WORDS = frozenset({"OPERATOR", "JSON", "OBJECT", "SCALAR", "DOCUMENT", "NORMALIZED", "NFC", "NFD", "NFKC",
                          "NFKD", "LOCAL", "CHARACTER", "DOUBLE", "NATIONAL", "UNIQUE", "KEYS", "WITHOUT"})  # fmt: skip
_COMPARISONS = frozenset({"=", "==", "<", ">", "<=", ">="})

#: Names of types whose casts keep a constant a constant: they run no code of the user's.
BUILT_IN_TYPES = frozenset(
    {
        "bigint", "bit", "bool", "boolean", "box", "bpchar", "bytea", "char", "character", "cidr", "circle",
        "citext", "date", "datetime", "daterange", "decimal", "double", "float", "float4", "float8", "hstore",
        "inet", "int", "int2", "int4", "int8", "integer", "interval", "json", "jsonb", "jsonpath", "line", "lseg",
        "ltree", "macaddr", "macaddr8", "money", "name", "numeric", "numrange", "oid", "path", "point", "polygon",
        "real", "regclass", "regproc", "regtype", "signed", "smallint", "text", "time", "timestamp", "timestamptz",
        "timetz", "tsquery", "tsrange", "tstzrange", "tsvector", "unsigned", "uuid", "varbit", "varchar", "xml",
        "int4range", "int8range", "national", "nchar", "binary",
    }
)  # fmt: skip


def read_expression(cursor: Cursor) -> Expression:
    """Read all that is left of a cursor as one expression.

    Raises:
        Stuck: where two operands follow each other, most often because a semicolon is missing.
    """
    check_operators(cursor)
    start = cursor.at
    text = cursor.source
    bare = without_parentheses(cursor.part(start, cursor.stop))
    cursor.at = cursor.stop
    constant = _constant(bare.part(bare.at, bare.stop))
    if constant is not None:
        return Expression(text, literal=True, null=constant)
    if any(word in _QUERIES for word in bare.words[bare.at : bare.stop]) and _holds_query(bare):
        return replace(_from_tree(bare, text), proves_not_null=frozenset(_not_null_columns(bare)))
    functions, columns = _names(bare.part(bare.at, bare.stop))
    return Expression(
        text,
        functions=functions,
        columns=columns,
        proves_not_null=frozenset(_not_null_columns(bare))
        if "NULL" in bare.words[bare.at : bare.stop]
        else frozenset(),
        nextval_of=_nextval_of(bare),
    )


def without_parentheses(cursor: Cursor) -> Cursor:
    """The same expression without the parentheses that enclose all of it."""
    if cursor.word() != "(" or cursor.words[cursor.stop - 1] != ")":
        return cursor
    partners = _partners(cursor)
    start, stop = cursor.at, cursor.stop
    while start < stop and cursor.words[start] == "(" and partners.get(start) == stop - 1:
        start, stop = start + 1, stop - 1
    return cursor.part(start, stop)


def _partners(cursor: Cursor) -> dict[int, int]:
    """Index of an opening bracket → index of the one that closes it, in one pass however deep they are."""
    partners: dict[int, int] = {}
    waiting: list[int] = []
    for index in range(cursor.at, cursor.stop):
        word = cursor.words[index]
        if word == "(" or word == "[":
            waiting.append(index)
        elif (word == ")" or word == "]") and waiting:
            partners[waiting.pop()] = index
    return partners


def check_operators(cursor: Cursor) -> None:
    """Be stuck at a name or number that follows an operand directly, outside of brackets (in Postgres alone)."""
    if cursor.dialect is not Dialect.POSTGRES:
        return
    depth, operand = 0, False
    for index in range(cursor.at, cursor.stop):
        token = cursor.tokens[index]
        word = token.word
        if word == "(" or word == "[":
            depth += 1
            operand = False
        elif word == ")" or word == "]":
            depth -= 1
            operand = True
        elif depth == 0:
            glue = word in _KEYWORDS or word in _TYPE_WORDS or word in _INFIX_WORDS
            if operand and not glue and token.kind in (WORD, QUOTED, NUMBER):
                cursor.part(index, cursor.stop).stuck("an operator")
            operand = word in _CONSTANTS if glue else token.kind != SYMBOL


# -- constants -------------------------------------------------------------------------------------------------------


def _constant(cursor: Cursor) -> bool | None:
    """Whether it is NULL, if all of it is a constant; None if it is anything else."""
    if cursor.stop - cursor.at > 400:
        return None
    null = _take_constant(cursor)
    return null if null is not None and cursor.at_end else None


def _take_constant(cursor: Cursor) -> bool | None:
    cursor.take_any("+", "-")
    null = _take_bare_constant(cursor)
    while null is not None and cursor.take("::"):
        if not take_built_in_type(cursor):
            return None
    return null


def _take_bare_constant(cursor: Cursor) -> bool | None:
    if cursor.kind() in (STRING, NUMBER):
        while cursor.kind() in (STRING, NUMBER):
            cursor.at += 1
        return False
    if word := cursor.take_any(*_CONSTANTS):
        return word == "NULL"
    if cursor.word() == "(":
        return _constant(cursor.group())
    if cursor.sees("ARRAY", "[") or cursor.sees("["):
        return _take_constant_array(cursor)
    if cursor.sees("CAST", "("):
        cursor.at += 1
        inside = cursor.group()
        null = _take_constant(inside)
        return null if null is not None and inside.take("AS") and take_built_in_type(inside) and inside.at_end else None
    typed = cursor.kind() == WORD and take_built_in_type(cursor)
    if typed and cursor.sees_string():
        cursor.at += 1
        cursor.take_any("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
        return False
    return None


def _take_constant_array(cursor: Cursor) -> bool | None:
    cursor.take("ARRAY")
    cursor.expect("[")
    while not cursor.take("]"):
        if _take_constant(cursor) is None:
            return None
        if not cursor.take(",") and cursor.word() != "]":
            return None
    return False


def take_built_in_type(cursor: Cursor) -> bool:
    """Move past the name of a built-in type with its modifiers and brackets; false, somewhere inside, if it is none."""
    if cursor.sees("PG_CATALOG", "."):
        cursor.at += 2
    if cursor.kind() == WORD and cursor.word().lower() not in BUILT_IN_TYPES:
        return False
    if cursor.kind() == QUOTED and cursor.tokens[cursor.at].text not in {"char", *BUILT_IN_TYPES}:
        return False
    if cursor.kind() not in (WORD, QUOTED):
        return False
    cursor.at += 1
    skip_type_tail(cursor)
    return True


def skip_type_tail(cursor: Cursor) -> None:
    """Move past what follows the first word of a type: further words, modifiers, brackets."""
    while not cursor.at_end:
        if cursor.word() == "(":
            cursor.group()
        elif cursor.sees("WITH") and cursor.word(1) not in ("TIME", "LOCAL"):
            return
        elif cursor.sees_any(_TYPE_WORDS):
            cursor.at += 1
        elif cursor.take("["):
            while cursor.kind() >= 0 and not cursor.take("]"):
                cursor.at += 1
        else:
            return


# -- names -----------------------------------------------------------------------------------------------------------


def _names(cursor: Cursor) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The functions and the columns that it names, each once, in order."""
    functions: dict[str, None] = {}
    columns: dict[str, None] = {}
    while not cursor.at_end:
        word, kind = cursor.word(), cursor.kind()
        if word == "::" or (word == "AS" and cursor.words[cursor.at - 1] != ""):
            cursor.at += 1
            _skip_type(cursor)
        elif word == "COLLATE":
            cursor.at += 1
            _skip_dotted(cursor)
        elif word == "AT" and cursor.word(1) == "TIME":
            cursor.at += 3
        elif kind in (WORD, QUOTED, PLACEHOLDER) and (word not in _KEYWORDS or _is_name_here(cursor)):
            _take_name(cursor, functions, columns)
        else:
            cursor.at += 1
    return tuple(functions), tuple(columns)


def _is_name_here(cursor: Cursor) -> bool:
    """Whether a word such as FIRST or RANGE is a column where it stands: no operand before it, no `(` behind it."""
    if cursor.word() not in _CONTEXTUAL or cursor.word(1) == "(":
        return False
    before = cursor.tokens[cursor.at - 1] if cursor.at else None
    operator = before is None or (before.kind == SYMBOL and before.word not in (")", "]"))
    return operator or (before is not None and before.word in _BEFORE_OPERANDS)


def _take_name(cursor: Cursor, functions: dict[str, None], columns: dict[str, None]) -> None:
    start = cursor.at
    parts = _dotted(cursor)
    single = cursor.at == start + 1
    if cursor.word() == "(":
        functions[".".join(parts)] = None
        if parts[-1] == "extract" and cursor.kind(1) == WORD and cursor.word(2) == "FROM":
            cursor.at += 2
    elif single and cursor.words[start] in VALUE_FUNCTIONS:
        functions[parts[0]] = None
    elif cursor.kind() == STRING and single:
        pass
    elif cursor.word() in ("WITH", "WITHOUT") and cursor.word(1) == "TIME":
        skip_type_tail(cursor)
    else:
        columns[parts[-1]] = None


def _dotted(cursor: Cursor) -> list[str]:
    parts = [cursor.identifier()]
    while cursor.word() == "." and cursor.kind(1) in (WORD, QUOTED, PLACEHOLDER):
        cursor.at += 1
        parts.append(cursor.identifier())
    return parts


def _skip_dotted(cursor: Cursor) -> None:
    if cursor.sees_name():
        _dotted(cursor)


def _skip_type(cursor: Cursor) -> None:
    _skip_dotted(cursor)
    skip_type_tail(cursor)


def _nextval_of(cursor: Cursor) -> QualifiedName | None:
    probe = cursor.part(cursor.at, cursor.stop)
    if probe.sees("PG_CATALOG", "."):
        probe.at += 2
    if not probe.take("NEXTVAL", "(") or probe.kind() != STRING:
        return None
    return name_in_string(probe.next().text)


def name_in_string(text: str) -> QualifiedName:
    """A name that is written in a string, as `nextval('…')` and `'…'::regclass` read it."""
    parts: list[str] = []
    rest = text.strip()
    while rest:
        if rest[0] == '"':
            end = rest.find('"', 1)
            end = len(rest) if end < 0 else end
            parts.append(rest[1:end])
            rest = rest[end + 1 :].lstrip(".")
        else:
            part, _, rest = rest.partition(".")
            parts.append(part.lower())
    return QualifiedName(parts[-1], parts[-2] if len(parts) > 1 else None) if parts else QualifiedName("")


# -- conditions ------------------------------------------------------------------------------------------------------


def conjuncts(cursor: Cursor) -> Iterator[Cursor]:
    """The operands of AND of a condition, without the parentheses around each; all of it where there is an OR."""
    cursor = without_parentheses(cursor)
    parts = list(_split_at(cursor, "AND"))
    if len(parts) == 1 or any(True for _ in _positions(cursor, "OR")):
        yield cursor
        return
    for part in parts:
        yield from conjuncts(part)


def disjuncts(cursor: Cursor) -> list[Cursor]:
    """The operands of OR of a condition."""
    return list(_split_at(without_parentheses(cursor), "OR"))


def _split_at(cursor: Cursor, word: str) -> Iterator[Cursor]:
    start = cursor.at
    for index in _positions(cursor, word):
        yield cursor.part(start, index)
        start = index + 1
    yield cursor.part(start, cursor.stop)


def _positions(cursor: Cursor, wanted: str) -> Iterator[int]:
    """Where a word stands outside of brackets, CASE … END, and BETWEEN … AND."""
    depth = betweens = 0
    for index in range(cursor.at, cursor.stop):
        word = cursor.words[index]
        if word in ("(", "[", "CASE"):
            depth += 1
        elif word in (")", "]", "END"):
            depth -= 1
        elif depth == 0 and word == "BETWEEN":
            betweens += 1
        elif depth == 0 and word == "AND" and betweens:
            betweens -= 1
        elif depth == 0 and word == wanted:
            yield index


def _not_null_columns(cursor: Cursor) -> Iterator[str]:
    for part in conjuncts(cursor):
        probe = part.part(part.at, part.stop)
        if probe.sees_name() and probe.word() not in _RESERVED:
            column = _dotted(probe)[-1]
            if (probe.take("IS", "NOT", "NULL") or probe.take("NOTNULL")) and probe.at_end:
                yield column


def compared_columns(cursor: Cursor) -> list[str]:
    """Columns that a condition compares with constants by =, IN, BETWEEN or a range, in every row that satisfies it."""
    found: list[str] = []
    for part in conjuncts(cursor):
        options = disjuncts(part)
        if len(options) > 1:
            columns = [compared_columns(option) for option in options]
            found += [column for option in columns for column in option] if all(columns) else []
        elif (column := _compared(part.part(part.at, part.stop))) is not None:
            found.append(column)
    return list(dict.fromkeys(found))


def _compared(cursor: Cursor) -> str | None:
    if not cursor.sees_name() or cursor.word() in _RESERVED:
        value_first = _take_value(cursor) and cursor.take_any(*_COMPARISONS)
        if value_first and cursor.sees_name() and cursor.word() not in _RESERVED:
            column = _dotted(cursor)[-1]
            return column if cursor.at_end else None
        return None
    column = _dotted(cursor)[-1]
    if cursor.take("::"):
        _skip_type(cursor)
    if cursor.take_any(*_COMPARISONS):
        return column if _take_value(cursor) and cursor.at_end else None
    if cursor.take("BETWEEN"):
        cursor.take("SYMMETRIC")
        both = _take_value(cursor) and cursor.take("AND") and _take_value(cursor)
        return column if both and cursor.at_end else None
    if cursor.take("IN") and cursor.word() == "(":
        inside = cursor.group()
        return column if cursor.at_end and all(_take_value(item) and item.at_end for item in inside.items()) else None
    return None


def _take_value(cursor: Cursor) -> bool:
    """A constant, a parameter (`$1`, `:name`, `?`), or = ANY of constants."""
    if cursor.kind() == PLACEHOLDER or cursor.word() == "?":
        cursor.at += 1
        return True
    if cursor.word() in ("$", ":", "@"):
        cursor.at += 2
        return cursor.at <= cursor.stop
    if cursor.take("ANY") and cursor.word() == "(":
        return _constant(cursor.group()) is not None
    if cursor.word() in ("TRUE", "FALSE", "NULL"):
        return False
    probe = cursor.part(cursor.at, cursor.stop)
    if probe.kind() == WORD and probe.word().lower() not in BUILT_IN_TYPES and probe.word() != "CAST":
        return False
    if probe.take_any("+", "-") and probe.kind() != NUMBER:
        return False
    found = _take_constant(cursor)
    if found is None and cursor.words[cursor.at - 1] == "::" and cursor.kind() in (WORD, QUOTED):
        # A cast to a type of the user's own: `'active'::status`.
        _skip_type(cursor)
        return True
    return found is not None


def always_true(cursor: Cursor) -> bool:
    """Whether a condition holds for every row, whatever is in it: TRUE, `1 = 1`, an OR with one of these."""
    return any(all(_obviously_true(part) for part in conjuncts(option)) for option in disjuncts(cursor))


def _obviously_true(cursor: Cursor) -> bool:
    if len(disjuncts(cursor)) > 1:
        return always_true(cursor)
    words = [token.word or token.text for token in cursor.tokens[cursor.at : cursor.stop]]
    if words in (["TRUE"], ["1"], ["NOT", "FALSE"]):
        return True
    kinds = [token.kind for token in cursor.tokens[cursor.at : cursor.stop]]
    constants = len(words) == 3 and kinds[0] in (STRING, NUMBER) and kinds[2] == kinds[0]
    return constants and words[1] == "=" and words[0] == words[2]


# -- queries inside --------------------------------------------------------------------------------------------------


def _holds_query(cursor: Cursor) -> bool:
    return any(
        cursor.words[index] in _QUERIES and (index == cursor.at or cursor.words[index - 1] == "(")
        for index in range(cursor.at, cursor.stop)
    )


def _from_tree(cursor: Cursor, text: str) -> Expression:
    from migsafe.parse.queries import columns_of_condition

    functions, _ = _names(cursor.part(cursor.at, cursor.stop))
    columns = columns_of_condition(cursor)
    return Expression(text, functions=functions, columns=columns or (), understood=columns is not None)


def called_functions(cursor: Cursor) -> tuple[str, ...]:
    """The functions that an expression or a query calls; leaves the cursor where it is."""
    return _names(cursor.part(cursor.at, cursor.stop))[0]
