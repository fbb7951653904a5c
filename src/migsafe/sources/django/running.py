"""A project's real Django on the database that is meant; `executor.py` is its other end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from migsafe.sources.base import SourceOptions
from migsafe.sources.django.project import interpreter, manage_of
from migsafe.sources.executing.child import spelt
from migsafe.sources.executing.process import ToolProcess
from migsafe.sources.rendering.talk import Worker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_EXECUTOR = Path(__file__).with_name("executor.py")
#: Django's name for the database that a project has where it has one.
DEFAULT_DATABASE = "default"


def django_process(
    root: Path,
    address: Mapping[str, str],
    *,
    python: str | None = None,
    manage: Path | None = None,
    settings: str | None = None,
    variables: Sequence[str] = (),
    database: str = DEFAULT_DATABASE,
) -> ToolProcess:
    """The Django of a project; nothing is started yet.

    Args:
        root: the folder of `manage.py`, or where the settings are imported from.
        address: libpq's parameters of the database that is meant.
        python: the project's interpreter; found when None.
        manage: the project's `manage.py`; found when None.
        settings: the module of the settings; the one that `manage.py` names when None.
        variables: environment variables from which the settings take the address.
        database: which one of the settings' databases is meant.

    Raises:
        NoMigrationsError: neither a `manage.py` nor settings are known.
    """
    root = root.absolute()
    options = SourceOptions(python=python, manage=manage, settings=settings)
    script = manage_of(root, options)
    job: dict[str, Any] = {
        "manage": None if script is None else str(script),
        "settings": settings,
        "sys_path": [],
        "variables": list(variables),
        "address": dict(address),
        "url": spelt(dict(address)),
        "database": database,
    }
    return ToolProcess("Django", Worker((interpreter(root, options), str(_EXECUTOR)), root), job)
