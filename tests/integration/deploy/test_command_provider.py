"""A team's own scripts as an engine: the example project, and scripts that do what they should not."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.probes import Probes
from migsafe.deploy.provider import Counting, Fencing, Provider
from migsafe.deploy.providers.context import ProviderContext
from migsafe.deploy.providers.registry import open_provider
from migsafe.deploy.tables import Table, read_document
from migsafe.deploy.words import Capabilities, Counts, Readiness, Strategy
from migsafe.errors import ConfigurationError, EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = Path(__file__).parents[3] / "fixtures" / "deploy" / "scripts"
VERBS = ("observe", "stage", "shift", "promote", "abort", "retire")
GOOD = 'print(\'{"stable": "1.0", "ready": {}}\')'


def context(folder: Path, **environ: str) -> ProviderContext:
    """The `python3` that the example names is the one that runs the tests."""
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return ProviderContext(
        folder=folder, environment="staging", strategy=Strategy.CANARY, state=folder / "state",
        probes=Probes(readiness="/readyz", liveness="/livez"), environ={**os.environ, **environ},
    )  # fmt: skip


@pytest.fixture
def example(tmp_path: Path) -> Provider:
    """The example project, in a folder where it may write."""
    folder = tmp_path / "scripts"
    shutil.copytree(EXAMPLE, folder)
    table = read_document(folder / "deploy.toml").root.table("provider")
    return open_provider("command", table, context(folder))


@pytest.fixture
def provider_of(tmp_path: Path) -> Callable[..., Provider]:
    """A provider whose verbs run what a test says: Python code, or a list; `environ` beside."""

    def make(environ: dict[str, str] | None = None, **said: Any) -> Provider:
        keys: dict[str, Any] = dict.fromkeys(VERBS, GOOD) | {"strategies": ["canary"], "weights": "exact"} | said
        for verb in (*VERBS, "counts"):
            if isinstance(keys.get(verb), str):
                keys[verb] = [sys.executable, "-c", keys[verb]]
        return open_provider("command", Table.of(keys), context(tmp_path, **(environ or {})))

    return make


def test_the_example_goes_through_a_canary(example: Provider) -> None:
    assert example.check() == ()
    assert example.capabilities == Capabilities(
        strategies=frozenset({Strategy.BLUE_GREEN, Strategy.CANARY}), weights="exact"
    )
    example.stage("2.0")
    example.shift("2.0", 5)
    seen = example.observe()
    assert (seen.stable, seen.candidate, seen.weight) == ("1.0", "2.0", 5)
    assert seen.ready == {"1.0": Readiness(2, 2), "2.0": Readiness(2, 2)}
    assert isinstance(example, Counting)
    assert not isinstance(example, Fencing)
    assert example.counts() == {"stable": Counts(requests=95, errors=0), "candidate": Counts(requests=5, errors=0)}
    example.shift("2.0", 100)
    example.promote("2.0")
    example.abort("1.0")
    assert (example.observe().stable, example.observe().candidate) == ("1.0", "2.0")
    example.retire("2.0")
    assert example.observe().candidate is None


def test_the_example_refuses_with_its_own_words(example: Provider) -> None:
    with pytest.raises(EnvironmentFailedError, match=r"^shift ended with status 1: 2\.0 is not staged$"):
        example.shift("2.0", 5)


def test_a_program_is_told_by_words_and_variables(provider_of: Callable[..., Provider], tmp_path: Path) -> None:
    told = tmp_path / "told"
    code = (f"import os, sys; open({str(told)!r}, 'w').write(repr((sys.argv[1:], os.getcwd(), "
            "{k: v for k, v in os.environ.items() if k.startswith('MIGSAFE_')})))")  # fmt: skip
    provider = provider_of(shift=[sys.executable, "-c", code, "{version}={weight}", "in {environment}", '{"a": 1}'])
    provider.shift("2.0; rm -rf {weight}", 20)
    words, folder, variables = eval(told.read_text())
    assert words == ["2.0; rm -rf {weight}=20", "in staging", '{"a": 1}']
    assert Path(folder).samefile(tmp_path)
    assert variables == {"MIGSAFE_VERSION": "2.0; rm -rf {weight}", "MIGSAFE_WEIGHT": "20",
                         "MIGSAFE_ENVIRONMENT": "staging", "MIGSAFE_VERB": "shift"}  # fmt: skip


def test_one_that_cannot_count_does_not_say_that_it_can(provider_of: Callable[..., Provider]) -> None:
    assert not isinstance(provider_of(), Counting)


def test_a_version_is_never_an_option(provider_of: Callable[..., Provider], tmp_path: Path) -> None:
    provider = provider_of(stage="open('ran', 'w')")
    with pytest.raises(ProviderRefusedError, match="--force would be read as an option by the program of stage"):
        provider.stage("--force")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("weight", "kind", "said"), [
    (-1, "exact", "in per cent"), (101, "exact", "in per cent"), (5, "none", "all of the traffic or nothing"),
])  # fmt: skip
def test_a_weight_that_cannot_be_is_refused(
    provider_of: Callable[..., Provider], tmp_path: Path, weight: int, kind: str, said: str
) -> None:
    provider = provider_of(shift="open('ran', 'w')", weights=kind, strategies=["blue-green"])
    with pytest.raises(ProviderRefusedError, match=said):
        provider.shift("2.0", weight)
    assert not (tmp_path / "ran").exists()


class TestFailures:
    def test_the_last_line_without_secrets(self, provider_of: Callable[..., Provider]) -> None:
        code = (
            "import os, sys; print('first', file=sys.stderr); "
            "print('no \\x1b[31mway', os.environ['HOST_TOKEN'], 'postgres://u:pw@db/x\\n', file=sys.stderr); "
            "sys.exit(3)"
        )
        provider = provider_of({"HOST_TOKEN": "s3cr3t-of-ours"}, promote=code)
        with pytest.raises(EnvironmentFailedError) as caught:
            provider.promote("2.0")
        assert caught.value.message.startswith("promote ended with status 3: no ")
        for hidden in ("s3cr3t-of-ours", "pw@", "\x1b", "first"):
            assert hidden not in caught.value.message

    def test_without_a_word(self, provider_of: Callable[..., Provider]) -> None:
        with pytest.raises(EnvironmentFailedError, match=r"^abort ended with status 2 without a word$"):
            provider_of(abort="raise SystemExit(2)").abort("1.0")

    def test_by_a_signal(self, provider_of: Callable[..., Provider]) -> None:
        with pytest.raises(EnvironmentFailedError, match=r"^stage was ended by SIGKILL without a word$"):
            provider_of(stage="import os; os.kill(os.getpid(), 9)").stage("2.0")

    def test_no_such_program(self, provider_of: Callable[..., Provider]) -> None:
        provider = provider_of(retire=["./gone.sh"])
        assert provider.check() == ("retire: there is no program ./gone.sh, or it is not executable",)
        with pytest.raises(EnvironmentFailedError, match=r"retire: there is no program \./gone\.sh"):
            provider.retire("1.0")

    def test_what_observe_prints_is_looked_at_before(self, provider_of: Callable[..., Provider]) -> None:
        (said,) = provider_of(observe='print(\'{"stabel": "1.0"}\')').check()
        assert said == (
            "observe did not print a migsafe.observed/1 document: it has a member stabel (did you mean stable?)"
        )

    @pytest.mark.parametrize(("code", "said"), [
        ("pass", "it printed nothing"),
        ("print('x' * (1 << 20))", "more than a mebibyte"),
        ("import sys; sys.stdout.buffer.write(b'\\xff')", "not UTF-8"),
    ])  # fmt: skip
    def test_output_that_is_no_document(self, provider_of: Callable[..., Provider], code: str, said: str) -> None:
        with pytest.raises(EnvironmentFailedError, match=said):
            provider_of(observe=code).observe()


class TestTime:
    def test_all_that_a_program_began_is_ended_with_it(
        self, provider_of: Callable[..., Provider], tmp_path: Path
    ) -> None:
        code = ("import signal, subprocess, sys; child = subprocess.Popen([sys.executable, '-c', "
                "'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)']); "
                "open('child', 'w').write(str(child.pid)); child.wait()")  # fmt: skip
        with pytest.raises(EnvironmentFailedError, match=r"stage took longer than 0\.4 s and was ended"):
            provider_of(stage=code, timeout="400ms").stage("2.0")
        assert _is_gone(int((tmp_path / "child").read_text()))

    def test_what_goes_on_in_the_background_is_not_waited_for(
        self, provider_of: Callable[..., Provider], tmp_path: Path
    ) -> None:
        code = (
            "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
            "open('child', 'w').write(str(child.pid))"
        )
        provider_of(stage=code, timeout="30s").stage("2.0")
        child = int((tmp_path / "child").read_text())
        os.kill(child, 0)  # it serves
        os.kill(child, 9)


class TestKeys:
    @pytest.mark.parametrize(("said", "message", "hint"), [
        ({"shfit": ["x"]}, "shfit: no such key", "did you mean shift?"),
        ({"stage": "run {version}"}, "must be a list of texts", None),
        ({"stage": ["run", "{weight}"]}, "{weight} is no place that is filled in", "known: {environment}, {version}"),
        ({"strategies": ["cannary"]}, "there is no strategy cannary", "did you mean canary?"),
        ({"weights": "some"}, "must be one of", None),
        ({"weights": "none"}, "a canary has a part of the traffic", None),
        ({"timeout": "0s"}, "a program needs some time", None),
    ])  # fmt: skip
    def test_wrong_ones_are_named(self, tmp_path: Path, said: dict[str, Any], message: str, hint: str | None) -> None:
        keys = {verb: ["true"] for verb in VERBS} | {"strategies": ["canary"], "weights": "exact"} | said
        with pytest.raises(ConfigurationError) as caught:
            open_provider("command", Table.of(keys), context(tmp_path))
        assert message in caught.value.message
        assert hint is None or caught.value.hint == hint

    @pytest.mark.parametrize("key", [*VERBS, "strategies", "weights"])
    def test_missing_ones_are_named(self, tmp_path: Path, key: str) -> None:
        keys = {verb: ["true"] for verb in VERBS} | {"strategies": ["canary"], "weights": "exact"}
        del keys[key]
        with pytest.raises(ConfigurationError, match=rf"\[provider\] {key}: missing"):
            open_provider("command", Table.of(keys), context(tmp_path))


def _is_gone(pid: int, within_s: float = 10.0) -> bool:
    """Whether a process has ended, or is one that only waits to be reaped."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            if " Z " in Path(f"/proc/{pid}/stat").read_text():
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
    return False
