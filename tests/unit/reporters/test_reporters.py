from __future__ import annotations

import subprocess
import sys

import pytest

from migsafe.errors import UsageError
from migsafe.reporters import REPORTERS, reporter
from sample_report import CLEAN


@pytest.mark.parametrize("name", REPORTERS)
def test_every_form_renders(name: str) -> None:
    assert reporter(name)(CLEAN).endswith("\n")


def test_an_unknown_form_is_told_with_the_nearest_known_one() -> None:
    with pytest.raises(UsageError, match='no report format "jsn"') as caught:
        reporter("jsn")
    assert caught.value.hint == "did you mean json?"


def test_no_form_is_imported_before_it_is_asked_for() -> None:
    code = "import sys, migsafe.reporters; print([m for m in sys.modules if m.startswith('migsafe.reporters.')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
