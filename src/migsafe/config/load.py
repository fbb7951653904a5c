"""Put a `Config` together: file, then environment, then options; each says where a wrong value came from."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from migsafe.config import locate, values
from migsafe.config.nearest import did_you_mean, nearest
from migsafe.config.releases import READERS as RELEASE_READERS
from migsafe.config.releases import ReleaseSettings, read_phase
from migsafe.config.settings import Config, ConfiguredIgnore
from migsafe.config.usage import READERS as USAGE_READERS
from migsafe.config.usage import UsageSettings
from migsafe.config.windows import read_windows
from migsafe.errors import ConfigurationError, UsageError
from migsafe.model.dialect import Dialect
from migsafe.model.finding import Severity
from migsafe.model.phase import Phase
from migsafe.model.script import TransactionRule

PREFIX = "MIGSAFE_"

#: Which reader turns a setting's value into what `Config` holds.
_READERS: Mapping[str, Callable[[object], Any]] = MappingProxyType(
    {
        "paths": values.paths,
        "tool": values.text,
        "dialect": partial(values.words, Dialect),
        "server_version": partial(values.server_versions, Dialect),
        "transaction": partial(values.word, TransactionRule),
        "placeholders": values.placeholders,
        "select": values.texts,
        "extend_select": values.texts,
        "ignore": values.texts,
        "fail_on": values.fail_on,
        "min_severity": partial(values.word, Severity),
        "runner_sets": values.session_settings,
        "max_lock_timeout": values.milliseconds,
        "since": values.text,
        "diff": values.revision,
        "direction": values.one_of("up", "down", "both"),
        "python": values.text,
        "manage": values.path,
        "settings": values.text,
        "url": values.text,
        "models": values.texts,
        "shadow_url": values.text,
        "pg_bin": values.path,
        "evidence": values.path,
        "state": values.path,
        "state_key": values.text,
        "stage": values.one_of("pull-request", "deploy"),
        "tracker": values.text,
        "show_cleared": values.switch,
        "replicas": values.paths,  # addresses: a comma is part of one, as between several hosts
        "windows": read_windows,
    }
)
#: Settings that are a path, relative to the file that says them.
_PATHS = frozenset({"python", "manage", "pg_bin", "evidence", "state"})
#: A tracker that is a file: a path, relative to the file that says it.
_FILE = "sqlite:"
#: Settings of one run, not of a project.
_NOT_IN_FILES = frozenset({"diff", "show_cleared"})
#: Variables that are read elsewhere.
_OTHER_VARIABLES = frozenset({"config", "format", *(f"release_{name}" for name in RELEASE_READERS)})
#: Settings that are tables of their own.
_TABLES = ("release", "usage", "phases")

_IGNORE_READERS: Mapping[str, Callable[[object], Any]] = MappingProxyType(
    {
        "rule": values.text,
        "reason": values.text,
        "migration": values.text,
        "objects": values.texts,
        "until": values.day,
        "by": values.text,
    }
)


class _Origin(NamedTuple):
    """Where a value stands: the words that an error begins with, and the error's class."""

    words: str
    error: type[UsageError] = ConfigurationError


def load_config(
    path: Path | None = None,
    *,
    start: Path | None = None,
    environ: Mapping[str, str] | None = None,
    options: Mapping[str, object] | None = None,
) -> Config:
    """Read the configuration that holds for a run.

    Args:
        path: the file to read; found by walking up from `start` when None.
        start: the folder in which the run was started; the current one when None.
        environ: the environment; the process's own when None.
        options: what the command line says, by setting; None and empty lists say nothing.

    Raises:
        PathNotFoundError: when `path` does not exist.
        ConfigurationError: when a file or variable has an unknown key or a wrong value.
        UsageError: when an option has a wrong value.
    """
    start = (start or Path.cwd()).absolute()
    environ = os.environ if environ is None else environ
    named = path or (Path(variable) if (variable := environ.get(PREFIX + "CONFIG")) else None)
    found = locate.read(named) if named else locate.find(start)
    settings = _from_file(found, start) if found else {}
    settings["release"] = ReleaseSettings(**settings.get("release", {}) | _release_from_environment(environ))
    for layer in (_from_environment(environ), _from_options(options or {})):
        placeholders = {**settings.get("placeholders", {}), **layer.get("placeholders", {})}
        settings |= layer
        settings["placeholders"] = placeholders
    settings["placeholders"] = MappingProxyType(settings["placeholders"])
    settings |= _of_databases(settings.get("dialect", ()), settings.get("server_version"))
    return Config(**settings, source=found.path if found else None)


def _of_databases(dialects: tuple[Dialect, ...], versions: int | Mapping[Dialect, int] | None) -> dict[str, Any]:
    """What was said of one or several databases; the first is the one that most commands work on."""
    first = dialects[0] if dialects else None
    several = versions if isinstance(versions, Mapping) else {}
    return {
        "dialect": first,
        "other_dialects": dialects[1:],
        "server_version": several.get(first or Dialect.POSTGRES) if several else versions,
        "server_versions": MappingProxyType(dict(several)),
    }


def _from_file(found: locate.Found, start: Path) -> dict[str, Any]:
    table = dict(found.table)
    known = [name for name in (*_READERS, *_TABLES) if name not in _NOT_IN_FILES]
    _refuse_unknown(table, known, str(found.path))
    names, ignores = _split_ignores(table.pop("ignore", []), found.path)
    tables = {
        "release": _release_from_file(_table("release", table, found.path), found.path, start),
        "usage": _usage(_table("usage", table, found.path), found.path, start),
        "phase_paths": _phase_paths(_table("phases", table, found.path), found.path),
    }
    settings = {name: _read_value(name, value, _key(name, found.path)) for name, value in table.items()}
    if names:
        settings["ignore"] = values.texts(names)
    if "paths" in settings:
        settings["paths"] = tuple(_seen_from(start, found.path.parent, item) for item in settings["paths"])
    for name in _PATHS & settings.keys():
        settings[name] = type(settings[name])(_seen_from(start, found.path.parent, str(settings[name])))
    if str(settings.get("tracker", "")).startswith(_FILE):
        kept = str(settings["tracker"]).removeprefix(_FILE)
        settings["tracker"] = _FILE + _seen_from(start, found.path.parent, kept)
    return settings | tables | {"reasoned_ignores": ignores}


def _table(name: str, table: dict[str, Any], path: Path) -> dict[str, Any]:
    """One of the tables in the settings, which is taken out of them; empty where there is none."""
    inner = table.pop(name, {})
    if not isinstance(inner, dict):
        raise ConfigurationError(f'{path}: key "{name}" must be a table', hint=f"[tool.migsafe.{name}]")
    return inner


def _release_from_file(table: dict[str, Any], path: Path, start: Path) -> dict[str, Any]:
    _refuse_unknown(table, list(RELEASE_READERS), f"{path}: release")
    read = {
        name: _read_with(RELEASE_READERS[name], value, _Origin(f'{path}: release: key "{name}"'))
        for name, value in table.items()
    }
    if "manifest" in read:
        read["manifest"] = Path(_seen_from(start, path.parent, str(read["manifest"])))
    return read


def _release_from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    variables = {name: f"{PREFIX}RELEASE_{name.upper()}" for name in RELEASE_READERS}
    return {
        name: _read_with(RELEASE_READERS[name], environ[variable], _Origin(f"environment variable {variable}"))
        for name, variable in variables.items()
        if variable in environ
    }


def _usage(table: dict[str, Any], path: Path, start: Path) -> UsageSettings:
    _refuse_unknown(table, list(USAGE_READERS), f"{path}: usage")
    read = {
        name: _read_with(USAGE_READERS[name], value, _Origin(f'{path}: usage: key "{name}"'))
        for name, value in table.items()
    }
    if "statements" in read:
        read["statements"] = tuple(_seen_from(start, path.parent, one) for one in read["statements"])
    return UsageSettings(**read)


def _phase_paths(table: dict[str, Any], path: Path) -> Mapping[str, Phase]:
    return MappingProxyType(
        {
            pattern: _read_with(read_phase, value, _Origin(f'{path}: phases: key "{pattern}"'))
            for pattern, value in table.items()
        }
    )


def _key(name: str, path: Path) -> _Origin:
    return _Origin(f'{path}: key "{name}"')


def _seen_from(start: Path, folder: Path, path: str) -> str:
    """A path of the file, which is relative to the file's folder, as one that is relative to where the run started."""
    return os.path.relpath(folder.absolute() / path, start)


def _split_ignores(value: object, path: Path) -> tuple[list[str], tuple[ConfiguredIgnore, ...]]:
    """`ignore` holds names, which switch rules off, and tables, which take single findings away for a reason."""
    if not isinstance(value, list) or not all(isinstance(item, str | dict) for item in value):
        raise ConfigurationError(f'{path}: key "ignore" must be a list of names and tables')
    names = [item for item in value if isinstance(item, str)]
    tables = [item for item in value if isinstance(item, dict)]
    return names, tuple(_reasoned_ignore(table, path) for table in tables)


def _reasoned_ignore(table: dict[str, Any], path: Path) -> ConfiguredIgnore:
    where = f"{path}: ignore"
    _refuse_unknown(table, list(_IGNORE_READERS), where)
    for required in ("rule", "reason"):
        if required not in table:
            raise ConfigurationError(f'{where} needs "{required}"', hint="an ignore says which rule, and why")
    read = {
        name: _read_with(_IGNORE_READERS[name], value, _Origin(f'{where}: key "{name}"'))
        for name, value in table.items()
    }
    return ConfiguredIgnore(**read)


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for variable, value in environ.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name in _READERS:
            settings[name] = _read_value(name, value, _Origin(f"environment variable {variable}"))
        elif name not in _OTHER_VARIABLES:
            _refuse_misspelled(variable, name)
    return settings


def _refuse_misspelled(variable: str, name: str) -> None:
    """Only what looks like a slip is refused: clusters set variables such as MIGSAFE_SERVICE_HOST by themselves."""
    close = nearest(name, [*_READERS, *_OTHER_VARIABLES], closeness=0.8)
    if close:
        raise ConfigurationError(
            f"unknown environment variable {variable}", hint=f"did you mean {PREFIX}{close[0].upper()}?"
        )


def _from_options(options: Mapping[str, object]) -> dict[str, Any]:
    said = {name: value for name, value in options.items() if value is not None and value != ()}
    return {name: _read_value(name, value, _Origin(_option(name), UsageError)) for name, value in said.items()}


def _option(name: str) -> str:
    return "option --" + ("placeholder" if name == "placeholders" else name.replace("_", "-"))


def _read_value(name: str, value: object, origin: _Origin) -> Any:
    return _read_with(_READERS[name], value, origin)


def _read_with(reader: Callable[[object], Any], value: object, origin: _Origin) -> Any:
    try:
        return reader(value)
    except values.BadValue as bad:
        shown = value if isinstance(value, str) else repr(value)
        raise origin.error(f"{origin.words} is {shown!s}; it must be {bad.allowed}", hint=bad.hint) from None


def _refuse_unknown(table: Mapping[str, object], known: list[str], where: str) -> None:
    for key in table:
        if key not in known:
            allowed = "known keys: " + ", ".join(sorted(known))
            hint = did_you_mean(key.replace("-", "_"), known, otherwise=allowed)
            raise ConfigurationError(f'{where}: unknown key "{key}"', hint=hint)


# A reader for each field, so that a new field without one is noticed at the first import.
if (
    missing := {field.name for field in fields(Config)}
    - set(_READERS)
    - {"reasoned_ignores", "release", "usage", "phase_paths", "source", "other_dialects", "server_versions"}
):
    raise AssertionError(f"settings without a reader: {missing}")
