"""A tool's layout on disk, read as migrations: in the tool's order, both ways, with its transaction rule.

`read_paths`, `read_stdin` and `read_command` are the way in; `SOURCES` names the tools, and `detect` says
whose layout a path is; `narrow` asks for what is new.

They are loaded when they are asked for: workers stand below this package, and need nothing of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migsafe.sources.base import LoadedLayout, Source, SourceOptions
    from migsafe.sources.command import read_command
    from migsafe.sources.narrowing import narrow
    from migsafe.sources.reading import detect, read_paths, read_stdin
    from migsafe.sources.registry import SOURCES

_HOMES = {
    "LoadedLayout": "base",
    "Source": "base",
    "SourceOptions": "base",
    "read_command": "command",
    "narrow": "narrowing",
    "detect": "reading",
    "read_paths": "reading",
    "read_stdin": "reading",
    "SOURCES": "registry",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


__all__ = [
    "SOURCES",
    "LoadedLayout",
    "Source",
    "SourceOptions",
    "detect",
    "narrow",
    "read_command",
    "read_paths",
    "read_stdin",
]
