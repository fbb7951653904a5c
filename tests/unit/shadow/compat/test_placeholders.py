"""Parameters of many libraries, and what looks like one and is none."""

from __future__ import annotations

import pytest

from migsafe.shadow.compat.placeholders import Numbered, number_parameters


@pytest.mark.parametrize(
    ("sql", "numbered", "names"),
    [
        ("sqlc.embed(t) = $2 and sqlc.narg(x) = $1 and :y", "t.* = $2 and $3 = $1 and :y", ("x",)),
        ("a = :x and b = :y and c = :x", "a = $1 and b = $2 and c = $1", ("x", "y")),
        ("a=:x::int", "a=$1::int", ("x",)),
        ("a = @x and b > @y::date", "a = $1 and b > $2::date", ("x", "y")),
        ("sqlc.arg(x) sqlc.narg('y') SQLC.ARG( \"x\" ) sqlc.slice(z)", "$1 $2 $1 $3", ("x", "y", "z")),
        ("select sqlc.embed(users), sqlc.embed(order)", 'select users.*, "order".*', ()),
        ("a = %(x)s and b = %(y)s", "a = $1 and b = $2", ("x", "y")),
        ("a = %s and b in (%s, %s)", "a = $1 and b in ($2, $3)", ()),
        ("a = ? and b in (?,?) limit ?", "a = $1 and b in ($2,$3) limit $4", ()),
        ("values (?), (%(x)s)", "values ($1), ($2)", ("x",)),
        ("interval %s", "interval $1", ()),
        ("case when ? then ? else ? end", "case when $1 then $2 else $3 end", ()),
    ],
)
def test_parameters(sql: str, numbered: str, names: tuple[str, ...]) -> None:
    assert number_parameters(sql) == Numbered(numbered, names)


@pytest.mark.parametrize(
    "sql",
    [
        "a = $1 and b = ? and c = :x",
        "a::int",
        "a :: int",
        "b[1:n]",
        "b[x:y]",
        "a @> b and b <@c and c @@q and d !~@e",
        "'a:x @y ? %s %(z)s'",
        '"a:x @y ?"',
        "-- :x ? @y %s\n1",
        "/* :x ? */ 1",
        "$$ :x ? $$",
        "data ? 'key'",
        "data ?| keys and data ?& keys",
        "(data) ? key",
        '"Data" ? key',
        "5 %s",
        "a % b",
        "total %(x)",
        "x := 1",
        "sqlc.arg()",
        "f(a => 1)",
    ],
)
def test_no_parameters(sql: str) -> None:
    assert number_parameters(sql) == Numbered(sql)


@pytest.mark.parametrize(
    ("sql", "numbered"),
    [
        ("data ?? 'key' and a = ?", "data ? 'key' and a = $1"),
        ("a %% 2 = %s and b like '%%x'", "a % 2 = $1 and b like '%x'"),
        ("b like '%%x' and a = :x", "b like '%%x' and a = $1"),
        ("a = ?||?", "a = $1||$2"),
    ],
)
def test_escapes(sql: str, numbered: str) -> None:
    assert number_parameters(sql).sql == numbered


def test_percent_signs_of_a_driver_are_halved_without_parameters() -> None:
    assert number_parameters("select '%%'", percent=True).sql == "select '%'"
