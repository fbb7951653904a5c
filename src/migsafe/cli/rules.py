"""`migsafe rules`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.choices import NearestChoice
from migsafe.cli.output import emit
from migsafe.model.finding import Category

if TYPE_CHECKING:
    from migsafe.phases.registry import PhaseRule
    from migsafe.rules.registry import Rule

_EXAMPLES = """\b
Examples:
  migsafe rules
  migsafe rules --format json
"""


@click.command("rules", epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--format",
    "form",
    type=NearestChoice(["text", "json"]),
    default="text",
    show_default=True,
    help="Form of the list.",
)
def command(form: str) -> None:
    """List the rules by category."""
    from migsafe import api

    rules = sorted(api.rules().values(), key=lambda rule: rule.name)
    emit(_json(rules) if form == "json" else "\n".join(_table(rules)) + "\n", None)


def _table(rules: list[Rule | PhaseRule]) -> Iterator[str]:
    width = max((len(rule.name) for rule in rules), default=0)
    for category in Category:
        members = [rule for rule in rules if rule.category is category]
        if members:
            yield from (category.value, *(_row(rule, width) for rule in members), "")
    yield "Those marked off run when selected: --select, --extend-select and --ignore take names and categories."
    yield "migsafe explain NAME says more of one."


def _row(rule: Rule | PhaseRule, width: int) -> str:
    mark = "   " if rule.descriptor.default else "off"
    return f"  {rule.name.ljust(width)}  {rule.severity.value.ljust(7)}  {mark}  {rule.descriptor.summary}"


def _json(rules: list[Rule | PhaseRule]) -> str:
    import json

    return json.dumps({"schema": "migsafe.rules/1", "rules": [_value(rule) for rule in rules]}, indent=2) + "\n"


def _value(rule: Rule | PhaseRule) -> dict[str, Any]:
    words = rule.descriptor
    return {
        "name": words.name,
        "category": words.category.value,
        "severity": rule.severity.value,
        "default": words.default,
        "dialects": [dialect.value for dialect in words.dialects],
        "summary": words.summary,
        "why": words.why,
        "instead": words.instead,
        "fine": words.fine,
        "source": words.source,
        "url": words.url,
    }
