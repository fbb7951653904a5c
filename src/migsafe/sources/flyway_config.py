"""What Flyway's configuration files say that changes how its migrations are read.

`flyway.conf` (Java properties) and `flyway.toml` beside the migrations, in `conf/`, or above them in the repository:
placeholders and whether they are replaced. `NAME.sql.conf`: `executeInTransaction` of one script
(Flyway 11, "Configuration files", "Script configuration"). Values out of the environment are left alone.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migsafe.sources.build import Sorter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from migsafe.model.script import SourceText
    from migsafe.sources.base import SourceOptions
    from migsafe.sources.files import Folder

_PROPERTY = re.compile(r"^[ \t]*(?P<key>[^#!\s=:][^=:\s]*)[ \t]*[=:][ \t]*(?P<value>[^\r\n]*?)[ \t]*\r?$", re.MULTILINE)
_PREFIX = "flyway.placeholders."
_NAMES = ("flyway.toml", "flyway.conf", "conf/flyway.toml", "conf/flyway.conf")

#: How many folders are looked through, from the layout's own upward: `src/main/resources/db/migration` and one more.
_LEVELS = 6


@dataclass(frozen=True)
class Settings:
    """What the configuration says.

    Attributes:
        options: the user's, with the configured placeholders beneath them.
        replaces: whether Flyway replaces placeholders at all.
    """

    options: SourceOptions
    replaces: bool = True


def find_settings(root: Folder, options: SourceOptions, sorter: Sorter) -> Settings:
    """The nearest configuration file's settings; one that cannot be read is said and otherwise passed over."""
    return _settings(find_values(root, sorter), options)


def find_values(root: Folder, sorter: Sorter | None = None) -> Mapping[str, str]:
    """All that the nearest configuration file says, by dotted keys; values that are lists have commas in them.

    Args:
        sorter: is told which file cannot be read.
    """
    sorter = Sorter() if sorter is None else sorter
    for folder, name in _candidates(root):
        source = sorter.text(folder.source(name)) if os.path.isfile(folder.path / name) else None
        if source is not None:
            return _toml(source, sorter) if name.endswith(".toml") else _properties(source.text)
    return {}


def _candidates(root: Folder) -> Iterator[tuple[Folder, str]]:
    folder: Folder | None = root
    for _ in range(_LEVELS):
        if folder is None:
            return
        for name in _NAMES:
            yield folder, name
        if os.path.exists(folder.path / ".git") or folder.path == Path.cwd():
            return
        folder = folder.parent()


def _settings(values: Mapping[str, str], options: SourceOptions) -> Settings:
    configured = {key.removeprefix(_PREFIX): value for key, value in values.items() if key.startswith(_PREFIX)}
    return Settings(
        options=replace(options, placeholders={**configured, **options.placeholders}),
        replaces=values.get("flyway.placeholderReplacement", "true").lower() != "false",
    )


def runs_in_transaction(folder: Folder, name: str, sorter: Sorter) -> bool | None:
    """What the configuration file of one script says of its transaction; None where it says nothing."""
    source = sorter.text(folder.source(f"{name}.conf")) if folder.has(f"{name}.conf") else None
    if source is None:
        return None
    written = _properties(source.text).get("executeInTransaction")
    return None if written is None else written.lower() != "false"


def _properties(text: str) -> dict[str, str]:
    """Simple `key=value` lines; no continuation lines, no escapes."""
    return {match["key"]: match["value"] for match in _PROPERTY.finditer(text)}


def _toml(source: SourceText, sorter: Sorter) -> dict[str, str]:
    """The tables of a TOML file as dotted keys, so that both formats read alike."""
    try:
        return dict(_flattened(tomllib.loads(source.text)))
    except tomllib.TOMLDecodeError as error:
        sorter.refuse(source.path, f"is not TOML: {error}")
        return {}


def _flattened(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{key}.")
        elif isinstance(value, str | bool | int):
            yield f"{prefix}{key}", str(value)
        elif isinstance(value, list):
            yield f"{prefix}{key}", ",".join(map(str, value))
