"""Every key of a TOML document has a line, and no other key has one: `tomllib` is the judge."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.deploy.toml_places import KeyPath, key_lines


def paths_of(value: object, path: KeyPath = ()) -> set[KeyPath]:
    """The keys and the items of lists that a document has by its values."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    here = {path} if path else set()
    return here | {found for key, one in items for found in paths_of(one, (*path, key))}


def test_a_key_of_each_sort_of_heading() -> None:
    text = "\n".join(
        [
            "# comment [not.a.table]",
            'title = "x"',
            "",
            "[deploy]",
            "steps = [",
            "  5, # five ] = ",
            "  100,",
            "]",
            'bake = "1min"',
            "[[check]]",
            'name = "a"',
            "[check.inner]",
            "deep = 1",
            "[[check]]",
            'name = "b"',
            "[environments.staging.deploy]",
            "a.b.c = 1",
            'inline = { x = 1, y = { "z z" = 2 } }',
        ]
    )
    assert key_lines(text) == {
        ("title",): 2,
        ("deploy",): 4,
        ("deploy", "steps"): 5,
        ("deploy", "steps", 0): 6,
        ("deploy", "steps", 1): 7,
        ("deploy", "bake"): 9,
        ("check",): 10,
        ("check", 0): 10,
        ("check", 0, "name"): 11,
        ("check", 0, "inner"): 12,
        ("check", 0, "inner", "deep"): 13,
        ("check", 1): 14,
        ("check", 1, "name"): 15,
        ("environments",): 16,
        ("environments", "staging"): 16,
        ("environments", "staging", "deploy"): 16,
        ("environments", "staging", "deploy", "a"): 17,
        ("environments", "staging", "deploy", "a", "b"): 17,
        ("environments", "staging", "deploy", "a", "b", "c"): 17,
        ("environments", "staging", "deploy", "inline"): 18,
        ("environments", "staging", "deploy", "inline", "x"): 18,
        ("environments", "staging", "deploy", "inline", "y"): 18,
        ("environments", "staging", "deploy", "inline", "y", "z z"): 18,
    }


@pytest.mark.parametrize(
    "value",
    [
        '"plain"',
        '"with # and ] and = and \\" inside"',
        "'literal \\'",
        '"""one\n[table]\nb = 2\n"""',
        '"""ends in quotes"""""',
        '"""has "two"" quotes inside"""',
        '"""escaped \\""" and on"""',
        '""""""',
        "'''raw\n\\'''",
        "''''two before the end'''''",
        "''''''",
        "1979-05-27 07:32:00",
        "-1.5e3",
        "[ [1, 2], [3, # c\n 4] ]",
        "[ { b = 1 }, { b = 2, c = [ { d = '}' } ] } ]",
        "[]",
        "{}",
        "{ a = [ 1,\n 2 ], b.c = '''\n''' }",
        "true # b = 3",
    ],
)
def test_what_comes_after_a_value_keeps_its_line(value: str) -> None:
    text = f"a = {value}\nafter = 1\n[next]\nkey = 2\n"
    lines = key_lines(text)
    extra = value.count("\n")
    assert (lines["a",], lines["after",], lines["next",], lines["next", "key"]) == (1, 2 + extra, 3 + extra, 4 + extra)
    assert set(lines) == paths_of(tomllib.loads(text))


def test_a_table_of_a_list_written_in_one_value_has_its_own_line() -> None:
    assert key_lines("check = [\n  { name = 1 },\n  { name = 2 },\n]")["check", 1, "name"] == 3


@pytest.mark.parametrize("text", ["", "# only a comment", "\n\n", "a = 1", "\r\na = 1\r\n[b]\r\n"])
def test_small_documents(text: str) -> None:
    text = text.replace("\r\n", "\n")
    assert set(key_lines(text)) == paths_of(tomllib.loads(text))


_BARE = st.from_regex(r"[A-Za-z0-9_-]{1,4}", fullmatch=True)
_ODD = st.text(st.sampled_from("ab .=[]{}#'\"\\\té"), max_size=4)
_TEXT = st.text(st.sampled_from("ab =[]{}#,'\"\\\n."), max_size=12)


def _basic(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _long(text: str) -> str:
    return '"""' + text.replace("\\", "\\\\").replace('"""', '""\\"').removesuffix('"') + '"""'


def _raw_long(text: str) -> str:
    return "'''" + text.replace("'''", "").rstrip("'") + "'''"


_KEY = st.one_of(_BARE, _ODD.map(_basic))
_SCALARS = st.one_of(
    _TEXT.map(_basic),
    _TEXT.map(_long),
    _TEXT.map(_raw_long),
    st.integers(-9, 99).map(str),
    st.sampled_from(["true", "1.5", "inf", "2027-01-31", "2027-01-31 10:00:00Z", "07:32:00"]),
)
_GAP = st.sampled_from(["", " ", "\n", " # c ]}\n  ", "\n# [x]\n"])


@st.composite
def arrays(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    items = draw(st.lists(inner, max_size=3))
    comma = draw(st.sampled_from(["", ","])) if items else ""
    return "[" + ",".join(f"{draw(_GAP)}{one}{draw(_GAP)}" for one in items) + comma + draw(_GAP) + "]"


@st.composite
def braces(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    pairs = draw(st.lists(st.tuples(_BARE, inner), max_size=3, unique_by=lambda pair: pair[0]))
    return "{" + ",".join(f" {key} = {one} " for key, one in pairs) + "}"


_VALUES = st.recursive(_SCALARS, lambda inner: st.one_of(arrays(inner), braces(inner)), max_leaves=6)
_DOTTED = st.lists(_KEY, min_size=1, max_size=3).map(" . ".join)
_LINES = st.one_of(
    st.tuples(_DOTTED, _VALUES).map(lambda pair: f"{pair[0]} = {pair[1]} # c"),
    _DOTTED.map(lambda key: f"[ {key} ]"),
    _DOTTED.map(lambda key: f"  [[{key}]] # ] c"),
    st.sampled_from(["", "# a = 1", "\t"]),
)


@given(st.lists(_LINES, max_size=8))
def test_the_keys_are_those_that_tomllib_finds(lines: list[str]) -> None:
    kept: list[str] = []
    for line in lines:  # what would make the document wrong is left out
        try:
            tomllib.loads("\n".join([*kept, line]))
        except tomllib.TOMLDecodeError:
            continue
        kept.append(line)
    text = "\n".join(kept)
    found = key_lines(text)
    assert set(found) == paths_of(tomllib.loads(text))
    heads = {1 + sum(one.count("\n") + 1 for one in kept[:at]) for at in range(len(kept))}
    tops = {found[path] for path in found if len(path) == 1}
    assert tops <= heads
