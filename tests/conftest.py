"""What all tests share."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("usual", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# What CI has time for on its first Python; by hand it is twice as many.
settings.register_profile("ci", settings.get_profile("usual"), max_examples=50)
# Fewer examples, for a second and third Python: `pytest --hypothesis-profile light`.
settings.register_profile("light", settings.get_profile("usual"), max_examples=25)
settings.load_profile("usual")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the golden files instead of comparing with them")


def pytest_configure(config: pytest.Config) -> None:
    # A shell starts background jobs with these ignored, and all that they start has it so: what is interrupted in a
    # test would go on. A handler is not inherited, and what a test starts has the usual ones again.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGQUIT", "SIGHUP"):  # nohup ignores the second
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if config.getoption("--update") and os.environ.get("CI"):
        raise pytest.UsageError("--update rewrites what the tests expect, so it is refused where CI is set")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are rewritten."""
    return bool(request.config.getoption("--update"))
