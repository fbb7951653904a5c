"""Files and folders as the sources see them: text or the reason why there is none, listings read once, paths as shown.

The only module of this package that touches the disk.
"""

from __future__ import annotations

import codecs
import os
import stat
from functools import cached_property
from pathlib import Path

from migsafe.model.script import SourceText, UnreadableFile

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def shown_path(path: Path) -> str:
    """The path as people see it: relative to the current folder when it is below it, with forward slashes."""
    absolute = Path(os.path.abspath(path))
    here = Path.cwd()
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else absolute).as_posix()


def read_source(path: Path) -> SourceText | UnreadableFile:
    """The text of a file (UTF-8, without its byte order mark, line breaks as they are), or why it cannot be read."""
    shown = shown_path(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return UnreadableFile(shown, "is not a regular file")
        data = path.read_bytes()
    except OSError as error:
        return UnreadableFile(shown, _system_reason(error))
    return decode_source(shown, data)


def decode_source(shown: str, data: bytes) -> SourceText | UnreadableFile:
    """The text in `data`, or the first thing that is wrong with it, in words."""
    if data.startswith(_UTF16_MARKS):
        return UnreadableFile(shown, "is UTF-16 (it begins with a UTF-16 byte order mark); save it as UTF-8")
    nul = data.find(b"\0")
    if nul >= 0:
        return UnreadableFile(shown, f"holds a NUL byte (byte {nul}): a binary file, or text that is not UTF-8")
    body = data.removeprefix(codecs.BOM_UTF8)
    try:
        return SourceText(shown, body.decode("utf-8"))
    except UnicodeDecodeError as error:
        return UnreadableFile(shown, f"is not UTF-8 at byte {error.start + len(data) - len(body)}")


def _system_reason(error: OSError) -> str:
    """What the operating system said, in words."""
    if isinstance(error, PermissionError):
        return "may not be read: permission denied"
    return f"cannot be read: {(error.strerror or str(error)).lower()}"


class Folder:
    """One folder, listed once; the texts of its files are read once and kept.

    Attributes:
        path: where it is, absolute, symbolic links as they were written.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.abspath(path))
        self._texts: dict[str, SourceText | UnreadableFile] = {}
        self._children: dict[str, Folder] = {}

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path.name

    @cached_property
    def _listing(self) -> tuple[tuple[str, ...], tuple[str, ...], UnreadableFile | None]:
        files: list[str] = []
        folders: list[str] = []
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    (folders if _is_folder(entry) else files).append(entry.name)
        except OSError as error:
            return (), (), UnreadableFile(shown_path(self.path), _system_reason(error))
        return tuple(sorted(files)), tuple(sorted(folders)), None

    @property
    def files(self) -> tuple[str, ...]:
        """The names of its files, sorted as text; files that begin with a dot are nobody's migrations."""
        return tuple(name for name in self._listing[0] if not name.startswith("."))

    @property
    def folders(self) -> tuple[str, ...]:
        """The names of its folders, sorted as text, without hidden ones."""
        return tuple(name for name in self._listing[1] if not name.startswith("."))

    @property
    def unreadable(self) -> UnreadableFile | None:
        """Why the folder could not be listed, if so."""
        return self._listing[2]

    def has(self, name: str) -> bool:
        """Whether it holds a file of that name, hidden or not."""
        return name in self._listing[0]

    def has_folder(self, name: str) -> bool:
        """Whether it holds a folder of that name, hidden or not."""
        return name in self._listing[1]

    def sql_files(self) -> tuple[str, ...]:
        """The names of its `.sql` files."""
        return tuple(name for name in self.files if name.lower().endswith(".sql"))

    def child(self, name: str) -> Folder:
        """One of its folders."""
        if name not in self._children:
            self._children[name] = Folder(self.path / name)
        return self._children[name]

    def children(self) -> tuple[Folder, ...]:
        """Its folders, without hidden ones."""
        return tuple(self.child(name) for name in self.folders)

    def parent(self) -> Folder | None:
        """The folder that holds it; None at the root of the file system."""
        return None if self.path.parent == self.path else Folder(self.path.parent)

    def shown(self, name: str = "") -> str:
        """The folder's path, or that of one of its files, as people see it."""
        return shown_path(self.path / name if name else self.path)

    def source(self, name: str) -> SourceText | UnreadableFile:
        """The text of one of its files, or why it cannot be read."""
        if name not in self._texts:
            self._texts[name] = read_source(self.path / name)
        return self._texts[name]

    def text(self, name: str) -> str:
        """The text of one of its files; empty where there is none to read."""
        source = self.source(name)
        return source.text if isinstance(source, SourceText) else ""


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder; a link that leads nowhere or into a loop is not."""
    try:
        return entry.is_dir()
    except OSError:
        return False
