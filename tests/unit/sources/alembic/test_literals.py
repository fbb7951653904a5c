"""Values that a module writes down, and those that only running it gives."""

from __future__ import annotations

import pytest

from migsafe.sources.alembic.literals import ComputedError, NotPythonError, assigned, parse, value_of


def value(text: str, name: str = "x") -> object:
    names = assigned(parse(text))
    return value_of(names[name], names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 'a'", "a"),
        ("x: str = 'a'", "a"),
        ("x = y = 'a'", "a"),
        ("x, y = 'a', 'b'", "a"),
        ("x = 'a'\nx = 'b'", "b"),
        ("x = None", None),
        ("x = ['a', 'b']", ("a", "b")),
        ("x = 'a' 'b' + 'c'", "abc"),
        ("x = ('a',) + ('b',)", ("a", "b")),
        ("y = 'a'\nx = (y, 'b')", ("a", "b")),
        ("x = {'a': 1, **{'b': 2}}", {"a": 1, "b": 2}),
        ("x = dict(a=1, **{'b': 2})", {"a": 1, "b": 2}),
        ("if True:\n    x = 'a'", "a"),
        ("try:\n    import a\nexcept ImportError:\n    x = 'a'", "a"),
    ],
)
def test_written_down(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "x = f()",
        "x = y",
        "x = x",
        "y = x\nx = y",
        "x = f'{1}'",
        "x = 'a' + 1",
        "x = {**y}",
        "x = {**'a'}",
        "x = a.b",
        "x = {(): 1}",
    ],
)
def test_computed(text: str) -> None:
    with pytest.raises(ComputedError):
        value(text)


@pytest.mark.parametrize("text", ["def f():\n    x = 1", "class A:\n    x = 1", "x: int", "a.x = 1", "x, *y = 1, 2, 3"])
def test_other_assignments_give_the_module_no_name(text: str) -> None:
    assert "x" not in assigned(parse(text))


@pytest.mark.parametrize("text", ["print 'a'", "x = (", "\x00", "-" * 100_000 + "1", "x = '\\ud800'\nx = ("])
def test_not_python(text: str) -> None:
    with pytest.raises(NotPythonError, match=r"\S"):
        parse(text)


def test_a_warning_is_the_authors_own() -> None:
    assert value("x = '\\d'") == "\\d"
