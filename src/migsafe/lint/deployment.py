"""The files of the deployment, as a layout of their own beside the migrations: when they are judged, and which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.config import Config
from migsafe.lint.engine import ReadDeployFile
from migsafe.lint.selection import asked_for, select_rules
from migsafe.model.deploy import BaseDeployFact
from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Script, SourceText, Span, TransactionRule
from migsafe.model.statement import Comment, ReadScript, Statement
from migsafe.phases.registry import PhaseRule
from migsafe.phases.rules import PHASE_RULES
from migsafe.rules import RULES, Rule
from migsafe.sources.changed import changed_since
from migsafe.sources.deploy_files.base import DeployFile, DeployFiles
from migsafe.sources.deploy_files.roots import project_root

if TYPE_CHECKING:
    from migsafe.sources.deploy_files.finding import Candidate

#: What a project that deploys with migsafe has at its root.
DEPLOY_FILE = "deploy.toml"
#: Endings of files that deploy nothing: for these the readers are not even loaded.
_MIGRATIONS = frozenset({".sql", ".py"})
#: Said whenever files of a deployment are judged, whatever is selected: nothing is skipped in silence.
_ALWAYS = ("could-not-read", "template-placeholder")

_EVERY: tuple[Rule | PhaseRule, ...] = (*RULES.values(), *PHASE_RULES.values())
_IGNORE = re.compile(r"(?:^|(?<=\s))#(?P<text>[ \t]*migsafe:[ \t]*ignore\b[^\n]*)")


@dataclass(frozen=True, slots=True)
class Gathered:
    """What paths lead to.

    Attributes:
        files: those of the deployment that are judged, as they were read.
        others: the paths that are left for the migrations.
        named: some of the files were named, or their rules: migrations need not be there.
    """

    files: DeployFiles
    others: tuple[Path, ...]
    named: bool


def gather(paths: Sequence[Path], config: Config) -> Gathered:
    """The files of the deployment that a run is about.

    A file that is named is judged. Folders are searched where the rules were asked for by name or category, or where
    the project has a `deploy.toml`: from the folder down where it holds such files, else from the project's root.
    """
    by_name = {path: one for path in paths if (one := _named(path)) is not None}
    others = tuple(path for path in paths if path not in by_name)
    asked = _asked_for(config)
    folders = [path for path in others if path.is_dir() and (asked or (project_root(path) / DEPLOY_FILE).is_file())]
    found = [*by_name.values(), *_found(folders)]
    return Gathered(_changed(_read(found), config), others, named=bool(by_name) or (asked and bool(found)))


def deploy_rules(chosen: Iterable[Rule], config: Config) -> tuple[Rule, ...]:
    """The rules that judge files of a deployment: those that were chosen, and what could not be read."""
    always = (rule for rule in select_rules(_EVERY, _ALWAYS, (), config.ignore) if isinstance(rule, Rule))
    return tuple({rule.name: rule for rule in (*chosen, *always)}.values())


def to_judge(files: Iterable[DeployFile]) -> Iterator[ReadDeployFile]:
    """Files as the engine takes them, with their ignores."""
    for file in files:
        yield ReadDeployFile(file.name, _with_comments(file.source), file.facts)


def _asked_for(config: Config) -> bool:
    """Whether rules that look at nothing but files of a deployment were asked for by name or category."""
    about = {rule.name for rule in RULES.values() if all(issubclass(kind, BaseDeployFact) for kind in rule.operations)}
    return bool(about & asked_for(_EVERY, config.select, config.extend_select))


def _named(path: Path) -> Candidate | None:
    if path.suffix.lower() in _MIGRATIONS or path.is_dir():
        return None
    from migsafe.sources.deploy_files.finding import named_file

    return named_file(path)


def _read(candidates: list[Candidate]) -> DeployFiles:
    if not candidates:
        return DeployFiles()
    from migsafe.sources.deploy_files.reading import read_deploy_files

    return read_deploy_files(candidates)


def _found(folders: Sequence[Path]) -> Iterator[Candidate]:
    if not folders:
        return
    from migsafe.sources.deploy_files.finding import deploy_files_below

    below = [list(deploy_files_below(folder.absolute())) for folder in folders]
    if any(below):
        for candidates in below:
            yield from candidates
        return
    for root in dict.fromkeys(project_root(folder.absolute()) for folder in folders):
        yield from deploy_files_below(root)


def _changed(files: DeployFiles, config: Config) -> DeployFiles:
    """Those of the files that are new since a revision; what they are started by may be older."""
    if config.diff is None or not (files.files or files.unreadable):
        return files
    changed = changed_since(config.diff, Path.cwd())
    return DeployFiles(
        tuple(file for file in files.files if Path(file.source.path).resolve() in changed),
        tuple(file for file in files.unreadable if Path(file.path).resolve() in changed),
    )


def _with_comments(source: SourceText) -> ReadScript:
    """A file as a script whose statements are the lines that an ignore stands on or above."""
    script = Script(Direction.UP, source.text, source, TransactionRule.NONE, Dialect.POSTGRES)
    statements = []
    loose = []
    for match in _IGNORE.finditer(source.text):
        comment = Comment(Span(match.start(), match.end()), match["text"])
        line = _line_of(source, match.start())
        if line is None:
            loose.append(comment)
        else:
            text = source.text[line.start : line.end]
            statements.append(Statement(line, text, (), (comment,)))
    return ReadScript(script, tuple(statements), tuple(loose))


def _line_of(source: SourceText, offset: int) -> Span | None:
    """The line that a comment is about: its own, else the next that is neither empty nor a comment."""
    number = source.position(offset).line
    start = source.offset(number, 1)
    if source.text[start:offset].strip():
        return Span(start, offset)
    last = source.position(len(source.text)).line
    for below in range(number + 1, last + 1):
        line = source.line(below)
        if line.strip() and not line.lstrip().startswith("#"):
            start = source.offset(below, 1)
            return Span(start, start + len(line))
    return None
