"""YAML as nodes with places."""

from __future__ import annotations

import pytest

from migsafe.sources.deploy_files.yaml_nodes import NotYamlError, read_yaml

TEXT = "é: ü\r\na:\n  - b: 1\n    c: ~\n  - 'x'\n---\n# nothing\n---\nd: |\n  two\n  lines\n"


def test_values_and_their_places() -> None:
    first, second = read_yaml(TEXT)
    b = first.list_at("a")[0].get("b")
    assert b is not None
    assert (b.number, TEXT[b.span.start : b.span.end]) == (1, "1")
    assert first.value("é") == "ü"
    assert first.list_at("a")[0].get("c") is None
    assert [member.text for member in first.list_at("a")] == [None, "x"]
    assert second.value("d") == "two\nlines\n"
    start, end = first.list_at("a")[0].span_of("b")
    assert TEXT[start:end] == "b: 1"


def test_what_is_not_there_is_nothing() -> None:
    (document,) = read_yaml("a: {b: text}")
    assert document.get("a", "b", "c") is None
    assert document.value("x", "y") == ""
    assert document.list_at("a", "b") == []
    assert document.span_of("x") == document.span


def test_anchors_and_merges() -> None:
    (document,) = read_yaml("base: &base {a: 1, b: 2}\none:\n  <<: *base\n  b: 3\ntwo: {<<: [*base, {c: 4}]}\n")
    assert (document.value("one", "a"), document.value("one", "b")) == ("1", "3")
    assert document.value("two", "c") == "4"


def test_quotes_make_a_text() -> None:
    (document,) = read_yaml("a: 'null'\nb: null\nc: '<<'\n")
    assert (document.value("a"), document.get("b"), document.value("c")) == ("null", None, "<<")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: {{ .Values.b }}\nc: [", "is not YAML in line 3"),
        ("a: *missing", "is not YAML in line 1: no anchor missing"),
        ("a:\n\tb: 1", "is not YAML in line 2"),
        ("[" * 10_000, "is nested too deeply"),
        ("{a: " * 10_000, "is nested too deeply"),
        ("- " * 1_000 + "a", "is nested too deeply"),
    ],
)
def test_what_is_no_yaml(text: str, reason: str) -> None:
    with pytest.raises(NotYamlError) as caught:
        read_yaml(text)
    assert caught.value.reason.startswith(reason)


def test_an_anchor_that_is_merged_into_itself_ends() -> None:
    (document,) = read_yaml("a: &a {<<: *a, b: 1}\n")
    assert document.value("a", "b") == "1"


def test_many_names_of_one_thing_cost_nothing() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    (document,) = read_yaml("\n".join(lines))
    assert len(document.list_at("a39")) == 9


def test_anchors_that_merge_each_other_many_times_cost_nothing() -> None:
    lines = ["a0: &a0 {x: 1}"] + [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 15)]
    (document,) = read_yaml("\n".join(lines))
    assert document.value("a14", "x") == "1"
    assert document.get("a14", "y") is None
