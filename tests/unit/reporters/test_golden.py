"""Each form of one report that uses everything; rewrite with `--update` and read the difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.reporters import REPORTERS, Presentation, reporter
from sample_report import REPORT, SEVERAL

GOLDEN = Path(__file__).parents[3] / "fixtures" / "reports"
PRESENTATIONS = {
    **{name: (REPORT, name, Presentation()) for name in REPORTERS},
    "text-colour": (REPORT, "text", Presentation(colour=True)),
    "text-quiet": (REPORT, "text", Presentation(quiet=True)),
    **{f"{name}-several": (SEVERAL, name, Presentation()) for name in REPORTERS},
    "text-several-quiet": (SEVERAL, "text", Presentation(quiet=True)),
}


@pytest.mark.parametrize("name", PRESENTATIONS)
def test_a_report_looks_as_expected(name: str, update: bool) -> None:
    report, form, presentation = PRESENTATIONS[name]
    rendered = reporter(form)(report, presentation)
    golden = GOLDEN / f"{name}.golden"
    if update:
        golden.write_text(rendered, encoding="utf-8")
    assert rendered == golden.read_text(encoding="utf-8")


def test_every_golden_file_belongs_to_a_form() -> None:
    assert {file.stem for file in GOLDEN.glob("*.golden")} == set(PRESENTATIONS)
