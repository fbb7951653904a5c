"""Scripts with which an image or a process starts."""

from __future__ import annotations

import posixpath

from migsafe.model.deploy import DeployFact, MigratesAtStart, Starts
from migsafe.model.script import SourceText
from migsafe.sources.deploy_files.base import place
from migsafe.sources.deploy_files.serving import migration_at_start
from migsafe.sources.deploy_files.shell import commands


def read_script(source: SourceText, *, by: str = "") -> tuple[DeployFact, ...]:
    """What a script says.

    Args:
        by: the place of what starts it, for example "Dockerfile:7"; empty where that is not known.
    """
    one = migration_at_start(commands(source.text))
    if one is None:
        return ()
    fact = MigratesAtStart(
        **place(source, one.span),
        starts=Starts.SCRIPT,
        name=posixpath.basename(source.path),
        tool=one.tool,
        command=one.command,
        serves=one.serves,
        certain=one.certain,
        guard=one.guard,
        by=by,
    )
    return (fact,)
