"""Find the project's configuration file by walking up, and read its table."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from migsafe.errors import ConfigurationError, PathNotFoundError

OWN_FILE = "migsafe.toml"
SHARED_FILE = "pyproject.toml"


class Found(NamedTuple):
    """A configuration file and its settings, as TOML gave them."""

    path: Path
    table: dict[str, Any]


def find(start: Path) -> Found | None:
    """The nearest `migsafe.toml`, or `pyproject.toml` with a `[tool.migsafe]` table, from `start` upward.

    Raises:
        ConfigurationError: when a file on the way is not TOML or cannot be read.
    """
    for folder in (start, *start.parents):
        if (own := folder / OWN_FILE).is_file():
            return Found(own, _own_table(own))
        if (shared := folder / SHARED_FILE).is_file() and (table := _tool_table(shared)) is not None:
            return Found(shared, table)
    return None


def read(path: Path) -> Found:
    """The settings of the file that was named.

    Raises:
        PathNotFoundError: when there is no such file.
        ConfigurationError: when it is not TOML, or a `pyproject.toml` without settings for migsafe.
    """
    if not path.is_file():
        raise PathNotFoundError(f"no configuration file {path}")
    if path.name != SHARED_FILE:
        return Found(path, _own_table(path))
    table = _tool_table(path)
    if table is None:
        raise ConfigurationError(f"{path} has no [tool.migsafe] table")
    return Found(path, table)


def _own_table(path: Path) -> dict[str, Any]:
    """The settings of a file of migsafe's own: at its top, or under the heading that `pyproject.toml` needs."""
    table = _read(path)
    tools = table.get("tool")  # at the top it is a setting as well: the name of a migration tool
    if not isinstance(tools, dict) or "migsafe" not in tools:
        return table
    if len(table) > 1 or not isinstance(tools["migsafe"], dict):
        raise ConfigurationError(f"{path}: settings stand either at the top or in one table [tool.migsafe]")
    return dict(tools["migsafe"])


def _tool_table(path: Path) -> dict[str, Any] | None:
    if b"migsafe" not in path.read_bytes():
        return None  # most projects' files: not worth importing a TOML reader for
    tools = _read(path).get("tool", {})
    table = tools.get("migsafe") if isinstance(tools, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigurationError(f"{path}: tool.migsafe must be a table")
    return table


def _read(path: Path) -> dict[str, Any]:
    import tomllib  # only where there is something to read

    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not TOML: {error}", hint=_hint(error)) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not TOML: not UTF-8 text") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error


def _hint(error: Exception) -> str | None:
    if "immutable namespace" not in str(error):
        return None
    return 'names and tables under "ignore" go into one list: ignore = ["style", { rule = "…", reason = "…" }]'
