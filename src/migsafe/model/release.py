"""Releases: in which version of the application a migration is shipped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

ReleaseSource = Literal["tag", "manifest", "header"]


@dataclass(frozen=True, slots=True)
class Release:
    """A version of the application.

    Attributes:
        sequence: its place among all releases, from 0; the greater, the later.
        day: when it was cut; None where nobody knows.
        revision: the commit, as git names it; None where git does not know the release.
    """

    name: str
    sequence: int
    day: date | None = None
    revision: str | None = None
    source: ReleaseSource = "tag"


@dataclass(frozen=True)
class ReleaseHistory:
    """All releases that are known, and the first that carries each file.

    Attributes:
        releases: in their order, the oldest first.
        first: path, as `Script.path` shows it → name of the first release that carries the file. A file that is
            missing here is in no release yet.
        problem: why there may be releases that are not known; None where nothing is in doubt.
    """

    releases: tuple[Release, ...] = ()
    first: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None

    @property
    def known(self) -> bool:
        """Whether there is any release."""
        return bool(self.releases)

    @property
    def latest(self) -> Release | None:
        """The last release that was cut; where releases are known from headers alone, the last of those."""
        cut = (release for release in reversed(self.releases) if release.source != "header")
        return next(cut, self.releases[-1] if self.releases else None)

    def named(self, name: str) -> Release | None:
        """The release of that name."""
        return next((release for release in self.releases if release.name == name), None)

    def before(self, release: Release | None) -> Release | None:
        """The release just before another one; before None, which is what is not released yet, the latest."""
        if release is None:
            return self.latest
        return self.releases[release.sequence - 1] if release.sequence > 0 else None


NO_RELEASES = ReleaseHistory()
