"""`migsafe explain`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from migsafe.cli.choices import RuleName
from migsafe.cli.output import emit

if TYPE_CHECKING:
    from migsafe.api import Examples
    from migsafe.model.report import RuleDescriptor

_WIDTH = 100
_EXAMPLES = """\b
Examples:
  migsafe explain drop-column
  migsafe explain XR04
"""


@click.command("explain", epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name", type=RuleName())
def command(name: str) -> None:
    """Say what a rule or a check looks for, why it hurts, what to do instead, and when it is fine."""
    from migsafe import api

    words = api.descriptor(name)
    rule = api.rules().get(words.name)
    severity = "as heavy as what is seen" if rule is None else str(rule.severity)
    emit("\n".join(_page(words, severity, api.examples(words.name))) + "\n", None)


def _page(words: RuleDescriptor, severity: str, examples: Examples | None) -> Iterator[str]:
    default = "" if words.default else ", off unless selected"
    yield f"{words.name} ({words.category}, {severity}{default})"
    yield ""
    yield _filled(words.summary)
    parts = {"Why it hurts": words.why, "Do instead": words.instead, "Fine when": words.fine, "Source": words.source}
    for heading, text in parts.items():
        yield from ("", heading, textwrap.indent(_filled(text), "  "))
    if examples is not None:
        yield from ("", "Reported", textwrap.indent(examples.bad.rstrip(), "  "))
        yield from ("", "Not reported", textwrap.indent(examples.good.rstrip(), "  "))
    yield from ("", words.url)


def _filled(text: str) -> str:
    """Paragraphs wrapped; one with line breaks is SQL and stays as it is."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(p if "\n" in p else textwrap.fill(p, _WIDTH - 2, break_on_hyphens=False) for p in paragraphs)
