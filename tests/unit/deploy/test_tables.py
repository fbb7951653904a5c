"""Each reader takes what it should, and says of all else where it stands and what it must be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.deploy.tables import Table, parse_document, read_document
from migsafe.deploy.words import Strategy
from migsafe.errors import ConfigurationError, PathNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable


def table(text: str) -> Table:
    return parse_document(f"[provider]\n{text}\n").root.table("provider")


GOOD: list[tuple[str, Callable[[Table], object], object]] = [
    ('k = "text"', lambda t: t.text("k"), "text"),
    ('k = ["a, b", "c"]', lambda t: t.texts("k"), ("a, b", "c")),
    ('k = "one"', lambda t: t.texts("k"), ("one",)),
    ('k = { A = "x", B = 2, C = true }', lambda t: t.pairs("k"), {"A": "x", "B": "2", "C": "true"}),
    ('k = "bin/x"', lambda t: t.path("k"), Path.cwd() / "bin/x"),
    ('k = "/bin/x"', lambda t: t.path("k"), Path("/bin/x")),
    ("k = 0", lambda t: t.whole("k"), 0),
    ("k = [1, 2]", lambda t: t.wholes("k"), (1, 2)),
    ("k = 3", lambda t: t.number("k"), 3.0),
    ("k = 0.02", lambda t: t.share("k"), 0.02),
    ("k = 1", lambda t: t.share("k"), 1.0),
    ('k = "500ms"', lambda t: t.duration_s("k"), 0.5),
    ('k = "1.5 h"', lambda t: t.duration_s("k"), 5400.0),
    ('k = "30d"', lambda t: t.duration_s("k"), 2_592_000.0),
    ("k = 0", lambda t: t.duration_s("k"), 0.0),
    ('k = "Hold"', lambda t: t.choice("k", ("hold", "abort")), "hold"),
    ('k = "blue-green"', lambda t: t.word("k", Strategy), Strategy.BLUE_GREEN),
    ("k = false", lambda t: t.flag("k"), False),
    ('k = ["./switch", ""]', lambda t: t.command("k"), ("./switch", "")),
    ('k = [["a"], ["b", "c"]]', lambda t: t.commands("k"), (("a",), ("b", "c"))),
    ("", lambda t: t.whole("k", None), None),
    ("", lambda t: t.text("k", "usual"), "usual"),
]


@pytest.mark.parametrize(("text", "read", "expected"), GOOD)
def test_what_is_taken(text: str, read: Callable[[Table], object], expected: object) -> None:
    told = table(text)
    assert read(told) == expected
    told.done()


BAD: list[tuple[str, Callable[[Table], object], str]] = [
    ('k = ""', lambda t: t.text("k"), "a text that is not empty"),
    ("k = 5", lambda t: t.text("k"), "5 must be a text"),
    ("k = [1]", lambda t: t.texts("k"), "a list of texts"),
    ('k = "a"', lambda t: t.pairs("k"), "a table of texts"),
    ("k = { a = [] }", lambda t: t.pairs("k"), "texts or numbers"),
    ("k = true", lambda t: t.whole("k"), "true must be a whole number of 0 or more"),
    ("k = 1.0", lambda t: t.whole("k"), "whole number"),
    ("k = 9", lambda t: t.whole("k", at_least=1, at_most=8), "from 1 to 8"),
    ("k = 5", lambda t: t.wholes("k"), "a list of whole numbers"),
    ("k = [5, -1]", lambda t: t.wholes("k"), "a whole number of 0 or more"),
    ("k = nan", lambda t: t.number("k"), "a number"),
    ("k = inf", lambda t: t.number("k"), "a number"),
    ("k = true", lambda t: t.number("k"), "a number"),
    ("k = 2", lambda t: t.share("k"), "from 0 to 1"),
    ("k = -0.1", lambda t: t.share("k"), "from 0 to 1"),
    ('k = "2%"', lambda t: t.share("k"), "from 0 to 1"),
    ("k = 30", lambda t: t.duration_s("k"), "a time with its unit"),
    ('k = "30"', lambda t: t.duration_s("k"), "a time with its unit"),
    ('k = "-3s"', lambda t: t.duration_s("k"), "a time with its unit"),
    ("k = false", lambda t: t.duration_s("k"), "a time with its unit"),
    ('k = "3651d"', lambda t: t.duration_s("k"), "a time of at most 3650d"),
    (f'k = "{"9" * 400}d"', lambda t: t.duration_s("k"), "a time of at most 3650d"),
    ('k = "holt"', lambda t: t.choice("k", ("hold", "abort")), "one of hold, abort"),
    ('k = "canry"', lambda t: t.word("k", Strategy), "one of recreate, rolling, blue-green, canary"),
    ('k = "true"', lambda t: t.flag("k"), "true or false"),
    ("k = 1", lambda t: t.flag("k"), "true or false"),
    ('k = "./switch --to x"', lambda t: t.command("k"), "a program and its arguments"),
    ("k = []", lambda t: t.command("k"), "a program and its arguments"),
    ('k = ["", "x"]', lambda t: t.command("k"), "a program and its arguments"),
    ('k = ["a", 1]', lambda t: t.command("k"), "a program and its arguments"),
    ('k = ["a"]', lambda t: t.commands("k"), "a program and its arguments"),
    ("k = 1", lambda t: t.table("k"), "a table"),
    ("k = { a = 1 }", lambda t: t.tables("k"), "a list of tables"),
    ("k = [1]", lambda t: t.tables("k"), "a table"),
    ("", lambda t: t.text("k"), "missing"),
]


@pytest.mark.parametrize(("text", "read", "words"), BAD)
def test_what_is_refused(text: str, read: Callable[[Table], object], words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(table(text))
    assert words in caught.value.message
    assert caught.value.message.startswith(f"deploy.toml:{2 if text else 1}: [provider] k: ")


def test_an_unknown_key_and_the_nearest_one() -> None:
    told = table('replicsa = 2\nport = 1\nmore = "x"')
    told.whole("replicas", 1)
    told.whole("port")
    with pytest.raises(ConfigurationError, match=r"deploy\.toml:2: \[provider\] replicsa: no such key") as caught:
        told.done()
    assert caught.value.hint == "did you mean replicas?"


def test_an_unknown_key_that_is_like_no_other() -> None:
    told = table("zzz = 1")
    told.whole("port", 1)
    told.text("host", "x")
    with pytest.raises(ConfigurationError) as caught:
        told.done()
    assert caught.value.hint == "known keys: host, port"


def test_an_error_in_one_of_several_tables_says_which() -> None:
    root = parse_document('[[check]]\nname = "a"\n\n[[check]]\nname = 1').root
    with pytest.raises(ConfigurationError, match=r"deploy\.toml:5: \[\[check\]\] 2 name: 1 must be a text"):
        root.tables("check")[1].text("name")


def test_what_is_said_over_something_keeps_its_place() -> None:
    root = parse_document("[deploy]\na = 1\nb = 2\n[staging]\nb = true").root
    merged = root.table("staging").over(root.table("deploy"))
    assert merged.whole("a") == 1
    with pytest.raises(ConfigurationError, match=r"deploy\.toml:5: \[staging\] b: true must be a whole number"):
        merged.whole("b")
    assert merged.values == {"a": 1, "b": True}
    assert not merged.are_together("a", "b")


def test_an_error_shows_no_password_that_a_value_holds() -> None:
    with pytest.raises(ConfigurationError, match=r"\[provider\] env: .* must be a table of texts") as caught:
        table('env = ["URL=postgresql://app:hunter2@db/shop"]').pairs("env")
    assert "hunter2" not in caught.value.message


class TestAddresses:
    @pytest.mark.parametrize(
        "said",
        [
            "env:DATABASE_URL",
            "postgresql://app@db/shop",
            "shop",
            "http://prom:9090/x?q=1",
            "https://hooks.example.org/deploy",
        ],
    )
    def test_taken(self, said: str) -> None:
        assert str(table(f'url = "{said}"').address("url")) == said

    @pytest.mark.parametrize(
        "said",
        [
            "postgresql://app:hunter2@db/shop",
            "postgresql://db/shop?password=hunter2",
            "https://x/?token=hunter2",
            "https://hooks.slack.com/services/T0/B0/hunter2",
            "https://discord.com/api/webhooks/1/hunter2",
            "https://shop.webhook.office.com/webhookb2/hunter2",
            "https://api.telegram.org/bot1:hunter2/sendMessage",
            "env:",
        ],
    )
    def test_a_secret_is_refused_and_not_shown(self, said: str) -> None:
        with pytest.raises(ConfigurationError, match=r"deploy\.toml:2: \[provider\] url: its value must be") as caught:
            table(f'url = "{said}"').address("url")
        assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"

    @pytest.mark.parametrize("said", ["hunter2", "env:", "env:A B", "envDATABASE"])
    def test_a_secret_is_a_variable(self, said: str) -> None:
        with pytest.raises(ConfigurationError, match="env:NAME") as caught:
            table(f'secret = "{said}"').secret("secret")
        assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"

    def test_a_variable_is_looked_up_when_it_is_needed(self) -> None:
        address = table('url = "env:HOOK"').address("url")
        assert address.resolve({"HOOK": "https://hook"}) == "https://hook"
        assert table('url = "https://hook"').address("url").resolve({}) == "https://hook"
        with pytest.raises(ConfigurationError, match=r"deploy\.toml:2: \[provider\] url: the variable HOOK is not set"):
            address.resolve({"HOOK": " "})


class TestFiles:
    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("[deploy\n", 1),
            ("[deploy]\na = 1\na = 2\n", 3),
            ("[deploy]\n\nsteps = [5,\n", 3),
            ('a = """\n\n', 2),
            ("= 1", 1),
        ],
    )
    def test_what_is_not_toml_has_its_line(self, text: str, line: int) -> None:
        with pytest.raises(ConfigurationError, match=rf"deploy\.toml:{line}: not TOML: "):
            parse_document(text)

    @pytest.mark.parametrize(
        ("text", "why"),
        [("a = " + "[" * 3_000 + "]" * 3_000, "nested too deeply"), ("a = " + "9" * 5_000, "number in it is too long")],
    )
    def test_what_nobody_writes_is_said_too(self, text: str, why: str) -> None:
        with pytest.raises(ConfigurationError, match=rf"deploy\.toml cannot be read: .*{why}"):
            parse_document(text)

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(PathNotFoundError, match="no file"):
            read_document(tmp_path / "deploy.toml")

    def test_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="cannot be read"):
            read_document(tmp_path)

    def test_not_text(self, tmp_path: Path) -> None:
        (tmp_path / "deploy.toml").write_bytes(b"\xff\xfe[deploy]")
        with pytest.raises(ConfigurationError, match="not UTF-8"):
            read_document(tmp_path / "deploy.toml")

    def test_windows_line_ends_and_a_mark_at_the_beginning(self, tmp_path: Path) -> None:
        (tmp_path / "deploy.toml").write_bytes(b"\xef\xbb\xbf[deploy]\r\n\r\nbake = 5\r\n")
        with pytest.raises(ConfigurationError, match=r"deploy\.toml:3: \[deploy\] bake"):
            read_document(tmp_path / "deploy.toml").root.table("deploy").duration_s("bake")

    def test_relative_paths_begin_where_the_file_is(self, tmp_path: Path) -> None:
        (tmp_path / "deploy.toml").write_text('[provider]\nlog = "log"')
        assert read_document(tmp_path / "deploy.toml").root.table("provider").path("log") == tmp_path / "log"


@pytest.mark.parametrize(("written", "key"), [("lisen", "listen"), ("bleu", "blue")])
def test_a_key_that_must_be_there_and_is_misspelled(written: str, key: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"deploy\.toml:1: \[provider\] {key}: missing") as refused:
        table(f'{written} = "x"').text(key)
    assert refused.value.hint == f"{written} is there: did you mean {key}?"


@pytest.mark.parametrize("text", ['port = "1"', "", 'listens = "a"', 'container = "c"'])
def test_what_is_only_missing_is_not_taken_for_what_was_asked_for(text: str) -> None:
    read = table(text)
    for known in ("port", "listens"):
        read.text(known, None)
    for absent in ("listen", "context"):
        with pytest.raises(ConfigurationError, match=rf"\[provider\] {absent}: missing") as refused:
            read.text(absent)
        assert refused.value.hint is None


def test_a_table_that_a_program_made() -> None:
    assert Table.of({"port": 8001}).whole("port") == 8001
    with pytest.raises(ConfigurationError, match=r"deploy\.toml: \[provider\] port: missing"):
        Table.of({}).whole("port")
