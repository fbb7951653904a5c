"""Shell text: words, places, the order of commands, and the conditions around them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.model.deploy import GuardKind
from migsafe.sources.deploy_files.shell import commands, guard_of
from migsafe.sources.deploy_files.shell_words import tokens


def _lines(text: str) -> list[str]:
    return [" ".join(command.words) for command in commands(text)]


def _guard(text: str, word: str) -> tuple[str, str] | None:
    command = next(one for one in commands(text) if word in one.words)
    return None if command.guard is None else (command.guard.kind.value, command.guard.text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b; c && d || e | f & g", ["a b", "c", "d", "e", "f", "g"]),
        ("a 'b; c' \"d && e\"", ["a b; c d && e"]),
        ("a \\\n  b\nc", ["a b", "c"]),
        ("a \\\r\n  b\r\nc\r\n", ["a b", "c"]),
        ("a # b; c\n# d\ne", ["a", "e"]),
        ("a#b", ["a#b"]),
        ("a > out.log 2>&1 < in\nb", ["a", "b"]),
        ("cat <<EOF | b\nx; y\nEOF\nc", ["cat", "b", "c"]),
        ("cat <<-'E'\n\tx\n\tE\nc", ["cat", "c"]),
        ("a $(b; c) `d; e` ${F:-g h}", ["a $(b; c) `d; e` ${F:-g h}"]),
        ("(a; b) && { c; }", ["a", "b", "c"]),
        ("for x in 1 2; do a $x; done; b", ["a $x", "b"]),
        ("until a; do b; done", ["a", "b"]),
        ("while ! a; do b; done", ["a", "b"]),
        ("sh -c 'a && b'", ["a", "b"]),
        ("exec bash -lc \"sh -c 'a; b'\"", ["a", "b"]),
        ('exec sh -c "$@"', ["exec sh -c $@"]),
        ("f() { a; }\nf; b", ["a", "b"]),
        ("function f {\n a\n}\nb\nf", ["b", "a"]),
        ("f() { a; }\nb", ["b"]),
        ("a && \\\n b", ["a", "b"]),
        ("a &&\nb", ["a", "b"]),
        ("a <<< text\nb << \nc", ["a", "b", "c"]),
        ("a 'never closed", ["a never closed"]),
        ("", []),
    ],
)
def test_commands_in_the_order_in_which_they_run(text: str, expected: list[str]) -> None:
    assert _lines(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("migrate", None),
        ("set -e\ncd /app && migrate && serve", None),
        ("if migrate; then a; fi", None),
        ("if ! migrate; then exit 1; fi", None),
        ("until migrate; do sleep 1; done", None),
        ('if [ "$RUN" = 1 ]; then migrate; fi', ("off unless set", '[ "$RUN" = 1 ]')),
        ('[ -n "$RUN" ] && migrate', ("off unless set", '[ -n "$RUN" ]')),
        ('test "$RUN" = 1 && { a; migrate; }', ("off unless set", 'test "$RUN" = 1')),
        ('if [ "${RUN:-1}" = 1 ]; then migrate; fi', ("on unless set", '[ "${RUN:-1}" = 1 ]')),
        ('if [ "$SKIP" != 1 ]; then migrate; fi', ("on unless set", '[ "$SKIP" != 1 ]')),
        ('[ -z "$SKIP" ] && migrate', ("on unless set", '[ -z "$SKIP" ]')),
        ('if [ -n "$SKIP" ]; then a; else migrate; fi', ("on unless set", 'not [ -n "$SKIP" ]')),
        ('[ "$SKIP" = 1 ] || migrate', ("on unless set", 'not [ "$SKIP" = 1 ]')),
        ('if [ "$1" = serve ]; then migrate; fi', ("role", '[ "$1" = serve ]')),
        ('if [ "$CONTAINER_ROLE" = app ]; then migrate; fi', ("role", '[ "$CONTAINER_ROLE" = app ]')),
        ("if [ -f alembic.ini ]; then migrate; fi", ("other", "[ -f alembic.ini ]")),
        ("if ! test -f DONE; then migrate; fi", ("other", "! test -f DONE")),
        ("check || migrate", ("other", "check fails")),
        ("case $1 in\n web|api) migrate ;;\n *) a ;;\nesac", ("role", "$1 is web or api")),
        ("case $1 in (web) migrate; esac", ("role", "$1 is web")),
        ("migrate || true\nserve", None),
        ('if [ "$A" = 1 ]; then a; fi\nmigrate', None),
        ('[ "$A" = 1 ] && a\nmigrate', None),
        ('f() { migrate; }\nif [ "$A" = 1 ]; then f; fi', ("off unless set", '[ "$A" = 1 ]')),
    ],
)
def test_the_condition_of_a_command(text: str, expected: tuple[str, str] | None) -> None:
    assert _guard(text, "migrate") == expected


def test_branches_are_told_apart() -> None:
    first, second, behind = commands("if [ -f x ]; then a; else b; fi; c")[1:]
    assert first.frames[0].number == second.frames[0].number
    assert first.frames[0].branch != second.frames[0].branch
    assert behind.frames == ()


def test_a_command_has_its_place() -> None:
    text = "set -e\n  alembic upgrade  head # now\n"
    span = commands(text)[1].span
    assert text[span.start : span.end] == "alembic upgrade  head"


def test_functions_that_call_each_other_without_end() -> None:
    assert len(commands("a() { b; b; }\nb() { a; a; }\na")) < 10_000


def test_what_runs_beside() -> None:
    assert [command.background for command in commands("serve & migrate")] == [True, False]


def test_a_condition_without_variables_is_no_switch() -> None:
    assert guard_of("command -v alembic").kind is GuardKind.OTHER


@given(st.text(alphabet="ab $'\"\\(){}<>|&;#`\n\tifthenelsfcado=[]-", max_size=60))
def test_any_text_is_read_to_its_end(text: str) -> None:
    places = [token.span for token in tokens(text)]
    assert places == sorted(places)
    assert all(0 <= command.span.start <= command.span.end <= len(text) for command in commands(text))
