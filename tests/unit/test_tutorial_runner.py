"""The reader of tutorials is strict: a test that it lets pass by mistake would prove nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tutorial_runner import Reader, blocks, commands, matches, patched


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("", ""),
        ("one\ntwo", "one\ntwo\n"),
        ("one", "one   \n"),
        ("…", ""),
        ("…", "anything\nat all\n"),
        ("one\n…\nthree", "one\nthree\n"),
        ("one\n…\nthree", "one\n2a\n2b\nthree\n"),
        ("took … seconds", "took 3.2 seconds\n"),
        ("a…", "a\n"),
        ("…b", "ab\n"),
        ("(a)[b]*", "(a)[b]*\n"),
    ],
)
def test_output_that_matches(expected: str, actual: str) -> None:
    assert matches(expected, actual)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("", "something\n"),
        ("one", "one\ntwo\n"),
        ("one\ntwo", "one\n"),
        ("one", "one more\n"),
        ("one…", "one\ntwo\n"),
        ("…\nlast", "last\nmore\n"),
        ("a.c", "abc\n"),
    ],
)
def test_output_that_does_not(expected: str, actual: str) -> None:
    assert not matches(expected, actual)


FILE = "one\ntwo\nthree\ntwo\nfour\n"


def test_a_diff_changes_the_place_that_its_context_names() -> None:
    assert patched(FILE, " three\n-two\n+2\n+2b\n four\n") == "one\ntwo\nthree\n2\n2b\nfour\n"
    assert patched(FILE, "-one\n two\n…\n-four\n+4\n") == "two\nthree\ntwo\n4\n"
    assert patched(FILE, "@@ here @@\n+zero\n one\n") == "zero\n" + FILE


@pytest.mark.parametrize("diff", ["-two\n+2\n", "-five\n+5\n", "-tw\n+2\n"])
def test_a_diff_needs_exactly_one_place(diff: str) -> None:
    with pytest.raises(ValueError, match="times in the file"):
        patched(FILE, diff)


PAGE = """\
# Page

```toml
only = "read"
```

```text title="sub/greeting.txt"
hello
```

```diff title="sub/greeting.txt"
-hello
+good day
```

```console
$ cat sub/greeting.txt
good day
$ cd sub
$ export NAME=you
$ echo \\
    $NAME
you
```

```console exit=3
$ sh -c 'echo gone >&2; exit 3'
gone
```

```console not-run
$ no-such-program
```
"""


def test_a_page_is_followed(tmp_path: Path) -> None:
    assert Reader(tmp_path, dict(os.environ)).follow(PAGE) == 5
    assert (tmp_path / "sub" / "greeting.txt").read_text() == "good day\n"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("good day\n$", "bad day\n$"), ("exit=3", ""), ("exit 3'", "exit 0'"), ("gone\n```", "```"), ("not-run", "")],
)
def test_a_page_that_is_not_true_is_told(tmp_path: Path, right: str, wrong: str) -> None:
    assert right in PAGE
    with pytest.raises(AssertionError, match="exit code"):
        Reader(tmp_path, dict(os.environ)).follow(PAGE.replace(right, wrong))


def test_every_block_and_command_is_seen() -> None:
    found = list(blocks(PAGE))
    assert [(block.language, block.runs) for block in found] == [
        ("toml", False), ("text", True), ("diff", True), ("console", True), ("console", True), ("console", False),
    ]  # fmt: skip
    assert found[1].line == 7
    assert [command.expected for command in commands(found[3])] == ["good day", "", "", "you"]
