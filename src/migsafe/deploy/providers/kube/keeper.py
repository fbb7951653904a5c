"""Who keeps an object as it is in git: what is changed beside it does not last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.deploy.errors import ProviderRefusedError

if TYPE_CHECKING:
    from migsafe.deploy.providers.kubectl import Object
    from migsafe.deploy.tables import Table

#: Labels and annotations by which the tools know what is theirs (Argo CD's resource tracking, Flux' ownership).
_MARKS = {
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "argocd.argoproj.io/instance": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
}


class Keeping:
    """Whether git, and not migsafe, says what an object is like."""

    def __init__(self, said: bool | None) -> None:
        """
        Args:
            said: what the configuration says; None where the marks of the tools are to tell.
        """
        self._said = said

    def of(self, found: Object) -> str | None:
        """The tool that keeps it; None where what is written stays."""
        if self._said is False:
            return None
        meta = found["metadata"]
        marks = {**(meta.get("labels") or {}), **(meta.get("annotations") or {})}
        tool = next((name for mark, name in _MARKS.items() if mark in marks), None)
        return tool or ("git" if self._said else None)

    def refuse(self, found: Object, wanted: str) -> None:
        """Leave a step forward to a commit: the tool would take it back.

        Args:
            wanted: what is to be committed.

        Raises:
            ProviderRefusedError: when a tool keeps the object.
        """
        if (keeper := self.of(found)) is not None:
            raise ProviderRefusedError(
                f"{_name(found)} is kept by {keeper}: commit {wanted}, let it sync, then: migsafe deploy resume",
                hint="gitops = false in [provider], where the tool was told to leave this field alone",
            )

    def note(self, found: Object, wanted: str) -> tuple[str, ...]:
        """What a person has to do so that a way back lasts."""
        keeper = self.of(found)
        return () if keeper is None else (f"{_name(found)} is kept by {keeper}: commit {wanted}, or it comes back",)


def read_keeping(table: Table) -> Keeping:
    """The key `gitops`."""
    return Keeping(table.flag("gitops", None))


def _name(found: Object) -> str:
    return f"{found['kind']} {found['metadata']['name']}"
