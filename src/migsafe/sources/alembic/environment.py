"""An Alembic environment: its script location, its version locations, and what is known of how it runs.

Alembic takes relative places from the folder in which it is called. Nobody says here which one that is: it is looked
for from the configuration's own folder upward, until the script location exists. Where the configuration does not say
it (Flask-Migrate sets it in code, some projects fill in a template), the script location is the folder of `env.py`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.sources.alembic.config import Section, configured_in
from migsafe.sources.alembic.environment_script import EnvironmentScript, read_environment_script
from migsafe.sources.alembic.urls import dialect_of_url
from migsafe.sources.files import Folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from migsafe.model.dialect import Dialect
    from migsafe.model.script import UnreadableFile

_SCRIPT = "env.py"
_TEMPLATE = "script.py.mako"
_VERSIONS = "versions"

#: How far above a folder configuration is looked for; a repository's own root ends the search.
_LEVELS = 10
#: How far above a folder of revisions `env.py` may stand: revisions may be kept by year, month and day.
_SCRIPT_LEVELS = 4


@dataclass(frozen=True)
class Environment:
    """One Alembic environment.

    Attributes:
        base: the folder in which Alembic is called, as far as the configuration shows.
        script_location: the folder of `env.py`.
        version_locations: the folders of revisions, the first being the one that names the layout.
        recursive: whether the folders below those belong to them.
        import_paths: what the configuration puts before Python's own search path.
        section: the configuration; None where there is none.
        unreadable: configuration that could not be read.
    """

    base: Path
    script_location: Path
    version_locations: tuple[Path, ...]
    recursive: bool = False
    import_paths: tuple[Path, ...] = ()
    section: Section | None = None
    unreadable: tuple[UnreadableFile, ...] = ()

    @property
    def script(self) -> EnvironmentScript:
        """What `env.py` says without being run."""
        return read_environment_script(Folder(self.script_location).text(_SCRIPT))

    def dialect(self, database: str | None = None) -> Dialect | None:
        """The database that the configuration names, or one of several by its name."""
        return dialect_of_url(self.section.url(database)) if self.section is not None else None

    def covers(self, folder: Path) -> bool:
        """Whether a folder is the script location, a version location, or below one that is read recursively."""
        return folder == self.script_location or self._reads(folder)

    def holds(self, folder: Path) -> bool:
        """Whether a folder is covered, or below a version location and therefore passed over as Alembic does."""
        return self.covers(folder) or any(location in folder.parents for location in self.version_locations)

    def _reads(self, folder: Path) -> bool:
        above = (folder, *folder.parents) if self.recursive else (folder,)
        return any(location in above for location in self.version_locations)


def is_script_location(folder: Folder) -> bool:
    """Whether `env.py` of Alembic stands in a folder."""
    return folder.has(_SCRIPT) and (folder.has(_TEMPLATE) or "alembic" in folder.text(_SCRIPT))


def configured_environment(folder: Path) -> Environment | None:
    """The environment that configuration in a folder or above it gives that folder; None where none does."""
    holding = [one for one in _configured_above(folder) if one.holds(folder)]
    return next((one for one in holding if one.covers(folder)), holding[0] if holding else None)


def _configured_above(folder: Path) -> Iterator[Environment]:
    for above in _upward(folder):
        for section in configured_in(above).sections:
            environment = _resolved(section)
            if environment is not None:
                yield environment


def environment_of(folder: Path) -> Environment:
    """The environment that a folder of revisions, or a script location, belongs to."""
    found = configured_environment(folder) or _unconfigured(folder)
    return replace(found, unreadable=tuple(_unreadable(found)))


def _unreadable(environment: Environment) -> Iterator[UnreadableFile]:
    for above in _upward(environment.script_location):
        yield from configured_in(above).unreadable


def _upward(folder: Path) -> Iterator[Path]:
    """A folder and those above it, up to the root of its repository."""
    for above in (folder, *folder.parents)[:_LEVELS]:
        yield above
        if os.path.exists(above / ".git"):
            return


def _unconfigured(folder: Path) -> Environment:
    """An environment told by where `env.py` stands; the nearest configuration without a place says the rest."""
    near = (folder, *folder.parents)[: _SCRIPT_LEVELS + 1]
    script = next((above for above in near if is_script_location(Folder(above))), None)
    location = script or folder.parent
    section, base = _nearest_section(location)
    versions = (location / _VERSIONS,) if section is None else _version_locations(section, base, location)
    environment = _environment(section, base, location, versions)
    if script is None or not environment.holds(folder):
        return replace(environment, version_locations=(folder,), recursive=False)
    return environment if section is not None else replace(environment, recursive=not _has_python(versions[0]))


def _has_python(folder: Path) -> bool:
    """Whether revisions may stand in a folder itself: without configuration, that says where Alembic looks."""
    return any(name.endswith(".py") and not name.startswith("__") for name in Folder(folder).files)


def _nearest_section(location: Path) -> tuple[Section | None, Path]:
    """Configuration above a script location that does not say which place it is for."""
    for above in _upward(location):
        for section in configured_in(above).sections:
            if _resolved(section) is None:
                return section, above
    return None, location.parent


def _resolved(section: Section) -> Environment | None:
    """The environment that a section configures; None where its script location cannot be known."""
    written = section.text("script_location")
    for base in _upward(section.folder) if written else ():
        location = _located(written or "", base, section)
        if location is not None and location.is_dir():
            versions = _version_locations(section, base, location)
            if is_script_location(Folder(location)) or any(folder.is_dir() for folder in versions):
                return _environment(section, base, location, versions)
    return None


def _environment(section: Section | None, base: Path, location: Path, versions: tuple[Path, ...]) -> Environment:
    if section is None:
        return Environment(base, location, versions)
    paths = (_located(written, base, section) for written in section.prepend_sys_path)
    return Environment(
        base=base,
        script_location=location,
        version_locations=versions,
        recursive=section.is_true("recursive_version_locations"),
        import_paths=tuple(path for path in paths if path is not None),
        section=section,
    )


def _version_locations(section: Section, base: Path, location: Path) -> tuple[Path, ...]:
    """The version locations that exist; the usual one where none is configured."""
    found = (_located(written, base, section) for written in section.version_locations)
    return tuple(dict.fromkeys(path for path in found if path is not None and path.is_dir())) or (location / _VERSIONS,)


def _located(written: str, base: Path, section: Section) -> Path | None:
    """A place as Alembic writes it: a path, or `package:folder`; None for a package that is not below the base."""
    if ":" in written and not os.path.isabs(written):
        package, *inside = written.split(":")
        return _below_package(package.split("."), inside, _package_roots(base, section))
    return Path(os.path.abspath(base / written))


def _package_roots(base: Path, section: Section) -> Iterator[Path]:
    yield from (base / path for path in section.prepend_sys_path if ":" not in path)
    yield from (base, base / "src")


def _below_package(package: list[str], inside: Iterable[str], roots: Iterable[Path]) -> Path | None:
    for root in roots:
        if root.joinpath(*package).is_dir():
            return Path(os.path.abspath(root.joinpath(*package, *inside)))
    return None
