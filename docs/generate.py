"""Writes the pages that come from the code: `python docs/generate.py`, or with `--check` only compares them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from migsafe.cli.main import cli
from migsafe.errors import ExitCode
from migsafe.model.finding import Category
from migsafe.model.report import RuleDescriptor
from migsafe.phases.registry import PhaseRule
from migsafe.phases.rules import PHASE_RULES
from migsafe.rules import RULES, Rule
from migsafe.rules.proofs import CHECKS

DOCS = Path(__file__).parent
FIXTURES = DOCS.parent / "fixtures" / "rules"
HEADER = "<!-- Written by docs/generate.py; change the code instead. -->\n\n"


def pages() -> Iterator[tuple[Path, str]]:
    """Every generated page and its text."""
    yield DOCS / "rules" / "README.md", HEADER + _rules_index()
    for rule in (*RULES.values(), *PHASE_RULES.values()):
        yield DOCS / "rules" / f"{rule.name}.md", HEADER + _rule_page(rule)
    for check in CHECKS.values():
        yield DOCS / "rules" / f"{check.name}.md", HEADER + _check_page(check)
    yield DOCS / "cli.md", HEADER + _cli_page()


def _rules_index() -> str:
    lines = ["# Rules", "", "`off` runs only when selected.", ""]
    for category in Category:
        members = [rule for _, rule in sorted({**RULES, **PHASE_RULES}.items()) if rule.category is category]
        if members:
            lines += [f"## {category}", "", "| rule | severity | |", "| --- | --- | --- |"]
            lines += [
                f"| [{rule.name}]({rule.name}.md) | {_weight(rule)} | {rule.descriptor.summary} |" for rule in members
            ]
            lines.append("")
    lines += [
        "## Seen on a server",
        "",
        "Checks of `migsafe verify` and `migsafe drift`.",
        "",
        "| check | |",
        "| --- | --- |",
    ]
    lines += [f"| [{check.name}]({check.name}.md) | {check.summary} |" for check in CHECKS.values()]
    return "\n".join([*lines, ""])


def _weight(rule: Rule | PhaseRule) -> str:
    return str(rule.severity) if rule.descriptor.default else "off"


def _rule_page(rule: Rule | PhaseRule) -> str:
    words = rule.descriptor
    databases = ", ".join(words.dialects)
    parts = [f"# {rule.name}", f"{words.summary}", f"Category `{words.category}`, {_weight(rule)}; {databases}."]
    for heading, text in (
        ("Why it hurts", words.why),
        ("Do instead", words.instead),
        ("Fine when", words.fine),
        ("Source", words.source),
    ):
        parts += [f"## {heading}", text]
    for heading, name, language in (
        ("Reported", "bad.sql", "sql"),
        ("Reported", "bad.txt", "text"),
        ("What migsafe says", "expected.txt", "text"),
        ("Not reported", "good.sql", "sql"),
        ("Not reported", "good.txt", "text"),
    ):
        file = FIXTURES / rule.name / name
        if file.is_file():
            parts += [f"## {heading}", f"```{language}\n{file.read_text(encoding='utf-8').strip()}\n```"]
    return "\n\n".join(parts) + "\n"


def _check_page(words: RuleDescriptor) -> str:
    parts = [f"# {words.name}", words.summary, f"Category `{words.category}`; what is seen decides how heavy it is."]
    for heading, text in (
        ("Why it hurts", words.why),
        ("Do instead", words.instead),
        ("Fine when", words.fine),
        ("Source", words.source),
    ):
        parts += [f"## {heading}", text]
    return "\n\n".join(parts) + "\n"


def _cli_page() -> str:
    codes = [f"| {code.value} | {code.name.lower().replace('_', ' ')} |" for code in ExitCode]
    parts = ["# Command line", "## Exit codes", "\n".join(["| code | meaning |", "| --- | --- |", *codes])]
    with click.Context(cli, info_name="migsafe") as context:
        parts += _command_pages(cli, context)
    return "\n\n".join(parts) + "\n"


def _command_pages(group: click.Group, context: click.Context) -> Iterator[str]:
    """The help of each command of a group, and of those below it."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None:
            with click.Context(command, info_name=name, parent=context, terminal_width=100) as below:
                yield f"## {below.command_path}"
                yield f"```text\n{command.get_help(below)}\n```"
                if isinstance(command, click.Group):
                    yield from _command_pages(command, below)


def main() -> int:
    """Write or check; 1 when a page differs."""
    check = "--check" in sys.argv
    wanted = dict(pages())
    stale = [path for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    orphans = sorted(set((DOCS / "rules").glob("*.md")) - wanted.keys())
    for path in [*stale, *orphans]:
        print(f"{'differs' if check else 'written'}: {path.relative_to(DOCS.parent)}")
    if not check:
        (DOCS / "rules").mkdir(exist_ok=True)
        for path in stale:
            path.write_text(wanted[path], encoding="utf-8")
        for path in orphans:
            path.unlink()
    return 1 if check and (stale or orphans) else 0


if __name__ == "__main__":
    sys.exit(main())
