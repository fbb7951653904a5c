"""What the API offers, and when what stands behind it is loaded."""

from __future__ import annotations

import inspect
import subprocess
import sys
from dataclasses import is_dataclass

import pytest

from migsafe import api

#: They stand beside the code that takes them, which is heavy.
LATER = (
    "Adopt", "BackfillRequest", "BackwardOptions", "Manners", "PaceOptions", "RepairOptions", "RunOptions",
    "WatchLimits",
)  # fmt: skip


@pytest.mark.parametrize("name", api.__all__)
def test_every_name_is_there_and_says_what_it_is(name: str) -> None:
    found = getattr(api, name)
    if inspect.isfunction(found):
        assert found.__module__.startswith("migsafe.api."), "what is offered is the API's own"
        assert inspect.getdoc(found)


@pytest.mark.parametrize("name", LATER)
def test_values_that_are_loaded_later_are_values(name: str) -> None:
    assert is_dataclass(getattr(api, name))


def test_a_name_that_there_is_not_is_refused() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'run_phases'"):
        api.run_phases  # noqa: B018 - that asking for it fails is what is tested


def test_what_runs_migrations_is_loaded_by_the_first_look() -> None:
    code = (
        "import sys; from migsafe import api; heavy = ('migsafe.runner.run', 'migsafe.fleet.run', 'migsafe.tracker', "
        "'migsafe.contracts'); before = [name for name in heavy if name in sys.modules]; api.RunOptions; "
        "print(before, 'migsafe.runner.run' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True"
