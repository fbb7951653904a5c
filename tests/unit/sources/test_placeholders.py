"""What is a placeholder, what only looks like one, and where everything is after filling in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.sources.placeholders import PLAIN, UNKNOWN_TOOL, Rendered, Style, render

POP = Style.GO | Style.IN_STRINGS
FLYWAY = Style.DOLLAR | Style.IN_STRINGS


def found(text: str, styles: Style = PLAIN, dialect: Dialect = Dialect.POSTGRES) -> list[str]:
    """The placeholders of a text that have no value."""
    rendered = render(text, {}, styles, dialect)
    assert rendered.text == text
    assert rendered.segments == ()
    return [text[start:end] for start, end in rendered.placeholders]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DROP TABLE {{ name }};", ["{{ name }}"]),
        ('DROP TABLE {{ index .Options "Namespace" }}.users;', ['{{ index .Options "Namespace" }}']),
        ('DROP TABLE "{{ schema }}"."users";', ["{{ schema }}"]),
        ("DROP TABLE ${schema}.users;", ["${schema}"]),
        ("DROP TABLE :schema.users;", [":schema"]),
        ("GRANT SELECT ON t TO :\"who\"; SELECT :'what';", [':"who"', ":'what'"]),
        ("SELECT %(limit)s;", ["%(limit)s"]),
    ],
)
def test_placeholders_are_found(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a::text, b :: integer;",
        "SELECT f(x := 1), f(y :=z);",
        "SELECT arr[lo:hi], arr[1:2], arr[:hi], (f(1)):x;",
        "SELECT ':name ${x} {{ y }} %(z)s';",
        "SELECT E'it\\'s :name', 'a''b :name';",
        "DO $$ BEGIN x := ':name'; PERFORM ${x}; END $$;",
        "DO $body$ SELECT :name; $$ :other $body$;",
        "-- :name ${x} {{ y }}\nSELECT 1;",
        "/* :name /* nested ${x} */ {{ y }} */ SELECT 1;",
        "SELECT a - 1, 10%(b) FROM t;",
        "SELECT data @? '$.a[*] ? (@ > $min)';",
        "COPY t (a, b) FROM stdin;\n1:two\t:three\n${four}\n\\.\nSELECT 1;",
        "\\set schema :other\nSELECT 1;",
        "SELECT TIME '12:30:45', a ? b FROM t;",
        "SELECT 1;",
    ],
)
def test_what_only_looks_like_a_placeholder_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_a_placeholder_behind_copy_data_is_found() -> None:
    assert found("COPY t FROM STDIN WITH (FORMAT csv);\n:no,1\n\\.\nDROP TABLE :yes;") == [":yes"]


def test_dollar_tags_need_a_word_boundary() -> None:
    assert found("SELECT a$b$ :name $b$;") == [":name"]


def test_tools_that_work_on_raw_text_fill_in_strings_too() -> None:
    assert found("SELECT '{{ a }}', $$ {{ b }} $$; -- {{ c }}", POP) == ["{{ a }}", "{{ b }}"]
    assert found("SELECT '${a}'; -- ${b}", FLYWAY) == ["${a}"]


def test_a_template_in_a_string_may_hold_quotes() -> None:
    text = "SELECT '{{ index .Options 'x' }}', \"{{ index .Options \"N\" }}_idx\";"
    assert found(text, POP)[-1] == '{{ index .Options "N" }}'


def test_a_tool_knows_only_its_own_placeholders() -> None:
    assert found("SELECT ${a}, :b, %(c)s, {{ d }};", UNKNOWN_TOOL) == ["{{ d }}"]
    assert found("SELECT ${a}, :b, %(c)s, {{ d }};", FLYWAY) == ["${a}"]


def test_mysql_has_its_own_comments_and_escapes() -> None:
    text = "SELECT 'it\\'s ${a}' # ${b}\n, 1--${c}\n, `${d}`;"
    assert found(text, Style.DOLLAR, Dialect.MYSQL) == ["${c}", "${d}"]


def test_sqlite_knows_no_dollar_quotes() -> None:
    assert found("SELECT $$ ${a} $$;", Style.DOLLAR, Dialect.SQLITE) == ["${a}"]


def test_values_are_put_in_by_the_text_inside() -> None:
    values = {"a": "x", 'index .O "N"': "y", "b": "it's"}
    text = 'SELECT ${a}, {{- index .O "N" -}}, :\'b\', :"b", :b, ${c};'
    rendered = render(text, values, PLAIN, Dialect.POSTGRES)
    assert rendered.text == "SELECT x, y, 'it''s', \"it's\", it's, ${c};"
    assert [rendered.text[start:end] for start, end in rendered.placeholders] == ["${c}"]


def test_nothing_to_fill_in_leaves_no_segments() -> None:
    assert render("SELECT 1;", {"a": "b"}, PLAIN, Dialect.POSTGRES) == Rendered("SELECT 1;")


PIECES = st.lists(
    st.one_of(
        st.text(alphabet=st.sampled_from("ab ;\n\u00e9\U0001f600"), max_size=6),
        st.sampled_from(["${known}", "${empty}", "${unknown}"]),
    ),
    max_size=12,
)


@given(pieces=PIECES, value=st.text(alphabet="xyz", max_size=5))
def test_every_place_maps_back_exactly(pieces: list[str], value: str) -> None:
    text = "".join(pieces)
    rendered = render(text, {"known": value, "empty": ""}, Style.DOLLAR, Dialect.POSTGRES)
    assert rendered.text == text.replace("${known}", value).replace("${empty}", "")
    script = Script(
        Direction.UP,
        rendered.text,
        SourceText("a.sql", text),
        TransactionRule.NONE,
        Dialect.POSTGRES,
        rendered.segments,
        rendered.placeholders,
    )
    offset = start = 0
    for piece in pieces:
        replaced = {"${known}": value, "${empty}": ""}.get(piece)
        for index in range(len(piece if replaced is None else replaced)):
            expected = start + (index if replaced is None else 0)
            assert script.source_offset(offset + index) == expected
        offset += len(piece if replaced is None else replaced)
        start += len(piece)
    for begin, end in rendered.placeholders:
        assert text[script.source_offset(begin) :].startswith(rendered.text[begin:end])


@given(st.text(alphabet=st.sampled_from("'\"$`{}%:()-/*\\\n ax#"), max_size=60), st.sampled_from(list(Dialect)))
def test_any_text_is_survived_unchanged(text: str, dialect: Dialect) -> None:
    rendered = render(text, {}, PLAIN | Style.IN_STRINGS, dialect)
    assert rendered.text == text
    assert list(rendered.placeholders) == sorted(rendered.placeholders)


def test_a_carriage_return_ends_a_comment_of_postgres() -> None:
    rendered = render("-- it's :a\rSELECT :b;", {}, PLAIN, Dialect.POSTGRES)
    assert [tuple(span) for span in rendered.placeholders] == [(18, 20)]
