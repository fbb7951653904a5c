"""A tool's layout on disk, read as migrations: in the tool's order, both ways, with its transaction rule.

`read_paths`, `read_stdin` and `read_command` are the way in; `SOURCES` names the tools, and `detect` says
whose layout a path is; `narrow` asks for what is new.
"""

from migsafe.sources.base import LoadedLayout, Source, SourceOptions
from migsafe.sources.command import read_command
from migsafe.sources.narrowing import narrow
from migsafe.sources.reading import detect, read_paths, read_stdin
from migsafe.sources.registry import SOURCES

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
