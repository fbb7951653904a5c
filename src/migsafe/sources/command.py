"""SQL that a program prints: for tools whose migrations migsafe does not read itself.

The program's standard output is linted as if it were piped in. Where the command has `{path}` or `{stem}`, it runs once
for each named migration, and what it prints is that migration's way up; findings then stand on the migration's file and
carry the SQL. There is no shell: the command is split as a shell would, and each word is passed on as it is.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from migsafe.errors import EnvironmentFailedError, PathNotFoundError, UsageError
from migsafe.model.dialect import Dialect
from migsafe.model.script import Migration, MigrationSet, Position, Script, Segment, SourceText, UnreadableFile
from migsafe.sources.base import LoadedLayout, SourceOptions
from migsafe.sources.files import decode_source, read_source, shown_path
from migsafe.sources.reading import read_stdin, refuse_several
from migsafe.sources.registry import PLAIN, source_named

_PLACES = ("{path}", "{stem}")
_LAST_LINES = 3


def read_command(command: str, paths: Sequence[Path], options: SourceOptions) -> tuple[LoadedLayout, ...]:
    """Run a command and read what it prints.

    Args:
        command: the program and its arguments, quoted as for a shell.
        paths: the migrations for which it runs, in the order in which they are applied; none without a place for them.

    Raises:
        UsageError: the command is empty, cannot be split, or has paths and no place for them (or the reverse); or
            several databases were asked for.
        PathNotFoundError: a path does not exist.
        EnvironmentFailedError: the command cannot be started, or ends with another status than 0.
    """
    words = _split(command)
    refuse_several(options, f"what {words[0]} prints")
    takes_paths = any(place in word for word in words for place in _PLACES)
    if not takes_paths:
        if paths:
            raise UsageError("the command has no place for the named paths", hint="put {path} or {stem} into it")
        return (read_stdin(_output(words), command, options),)
    if not paths:
        raise UsageError("the command wants paths, and none is named", hint="name the migrations, in their order")
    return (_per_migration(words, paths, options),)


def _per_migration(words: list[str], paths: Sequence[Path], options: SourceOptions) -> LoadedLayout:
    dialect = options.dialect or Dialect.POSTGRES
    tool = source_named(options.tool) if options.tool else PLAIN
    options = replace(options, dialect=dialect, transaction=options.transaction or tool.usual_rule(dialect))
    read = [_migration(words, path, options) for path in paths]
    migrations = tuple(one for one in read if isinstance(one, Migration))
    unreadable = tuple(one for one in read if isinstance(one, UnreadableFile))
    found = MigrationSet(tool.name, words[0], dialect, migrations, unreadable)
    shown = {migration.path for migration in migrations} | {file.path for file in unreadable}
    return LoadedLayout(found, frozenset(shown))


def _migration(words: list[str], path: Path, options: SourceOptions) -> Migration | UnreadableFile:
    if not path.exists():
        raise PathNotFoundError(f"{path} does not exist")
    file = read_source(path)
    if isinstance(file, UnreadableFile):
        return file
    output = decode_source(shown_path(path), _output([_filled(word, path) for word in words]))
    if isinstance(output, UnreadableFile):
        return output
    return _rendered(path.stem, output.text, file, options)


def _rendered(name: str, sql: str, file: SourceText, options: SourceOptions) -> Migration:
    (read,) = PLAIN.read_text(SourceText(file.path, sql), options)
    script = read.up or read.down
    assert script is not None
    declaration = read.declaration
    if declaration.place is not None:  # the output stands nowhere; its file does
        declaration = replace(declaration, place=Position(1, 1))
    return Migration(name, file.path, _standing_in(script, file), declaration=declaration)


def _standing_in(script: Script, file: SourceText) -> Script:
    """The script with the file at its place: every statement is found at the file's first line."""
    return replace(script, source=file, segments=(Segment(0, 0, verbatim=False),), rendered=True)


def _filled(word: str, path: Path) -> str:
    return word.replace("{path}", str(path)).replace("{stem}", path.stem)


def _split(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"the command cannot be split into words: {str(error).lower()}") from None
    if not words:
        raise UsageError("the command is empty")
    return words


def _output(words: list[str]) -> bytes:
    try:
        done = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, check=False)  # noqa: S603 - no shell
    except OSError as error:
        raise EnvironmentFailedError(
            f"{words[0]} cannot be started: {(error.strerror or str(error)).lower()}"
        ) from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-_LAST_LINES:]
        raise EnvironmentFailedError(
            f"{shlex.join(words)} ended with status {done.returncode}", hint=" / ".join(said) or None
        )
    return done.stdout
