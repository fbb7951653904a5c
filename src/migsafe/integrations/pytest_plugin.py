"""`pytest --migsafe-record FILE`: writes down the queries that a test suite sends through SQLAlchemy.

One JSON object for each, to be checked against the schema of the next release (`migsafe verify --queries FILE`). What
is written: the statement, the parameter style, the types of its parameters, and the file and line that sent it; never
a parameter's value. Without the option nothing is imported and nothing is listened to.

Under pytest-xdist each worker writes a file of its own, and at the end they are merged.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from migsafe.integrations.recorder import Recorder

_OPTION = "--migsafe-record"
_INPUT = "migsafe_record"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("migsafe").addoption(
        _OPTION,
        metavar="FILE",
        default=None,
        help="write the queries that the tests send through SQLAlchemy to FILE, as JSON lines and without their values",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to listen, if the option is given.

    Raises:
        pytest.UsageError: when SQLAlchemy is missing, or the file cannot be written.
    """
    named: str | None = config.getoption(_OPTION)
    if named is None:
        return
    try:
        from migsafe.integrations.recorder import Recorder

        worker: dict[str, Any] | None = getattr(config, "workerinput", None)
        if worker is None:
            target = (config.invocation_params.dir / named).absolute()
            recorder = Recorder(target, config.rootpath)
            recorder.forget_workers()
        else:
            target = Path(worker.get(_INPUT, named))
            recorder = Recorder(target, config.rootpath, worker=worker["workerid"])
        recorder.start()
    except ImportError as error:
        raise pytest.UsageError(f"{_OPTION} needs SQLAlchemy: {error}") from None
    except OSError as error:
        raise pytest.UsageError(f"{_OPTION}: {named} cannot be written: {error}") from None
    config.pluginmanager.register(_Running(recorder, is_worker=worker is not None), "migsafe-record")


class _Running:
    """What there is to do once a recorder listens."""

    def __init__(self, recorder: Recorder, *, is_worker: bool) -> None:
        self._recorder = recorder
        self._is_worker = is_worker

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist where the file is, wherever the worker's own folder is."""
        node.workerinput[_INPUT] = str(self._recorder.target)

    def pytest_unconfigure(self) -> None:
        """All tests have run, and all workers have ended."""
        self._recorder.stop()
        if not self._is_worker:
            self._recorder.merge_workers()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was written."""
        if not self._is_worker:
            count = self._recorder.count_with_workers()
            queries = "query" if count == 1 else "queries"
            terminalreporter.write_line(f"migsafe: {count} {queries} recorded in {self._recorder.target}")
