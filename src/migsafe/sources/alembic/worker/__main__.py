"""Run with `python -m`: reads a job, renders its revisions in order, and says what they send."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Any

from migsafe.sources.alembic.worker.wire import Wire, take_standard_streams

if TYPE_CHECKING:
    from migsafe.sources.alembic.worker.job import Job, RevisionFile
    from migsafe.sources.alembic.worker.render import Rendered, Renderer


def main() -> None:
    """Serve one job over the standard streams; ends when it is done or the parent has gone."""
    wire = take_standard_streams()
    try:
        _serve(wire)
    except (EOFError, BrokenPipeError):
        return


def _serve(wire: Wire) -> None:
    from migsafe.sources.alembic.worker.job import read_job
    from migsafe.sources.alembic.worker.order import BrokenGraphError, in_order

    job = read_job(wire.job())
    try:
        revisions = in_order(job.revisions)
    except BrokenGraphError as error:
        wire.say("failed", reason=str(error), hint="`alembic history` says the same: mend the graph of revisions")
        return
    _render_all(wire, job, revisions)
    wire.say("end")


def _render_all(wire: Wire, job: Job, revisions: list[RevisionFile]) -> None:
    renderer = _prepare(wire, job)
    for revision in revisions:
        if job.is_done(revision):
            continue
        for direction in ("up", "down"):
            if direction in job.directions and (rendered := renderer.render(revision, direction)) is not None:
                wire.say("script", **_script(job, revision, direction, rendered))


def _prepare(wire: Wire, job: Job) -> Renderer:
    """Everything that must stand before the first revision runs; the sandbox closes last."""
    from migsafe.sources.alembic.worker.dialects import make_dialect
    from migsafe.sources.alembic.worker.environment import Surroundings
    from migsafe.sources.alembic.worker.imports import install_imports
    from migsafe.sources.alembic.worker.questions import Questions
    from migsafe.sources.alembic.worker.render import Renderer
    from migsafe.sources.alembic.worker.sandbox import close_sandbox
    from migsafe.sources.alembic.worker.shims import install_shims

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    questions = Questions(wire, job.database)
    surroundings = Surroundings(job, make_dialect(job.dialect, job.server_version, questions), questions)
    renderer = Renderer(surroundings)
    install_shims()
    install_imports(job.sys_path, job.project)
    close_sandbox()
    return renderer


def _script(job: Job, revision: RevisionFile, direction: str, rendered: Rendered) -> dict[str, Any]:
    gap = rendered.gap
    return {
        "migration": revision.id,
        "direction": direction,
        "path": revision.path,
        "transaction": "tool" if rendered.transaction else "none",
        "database": job.database,
        "statements": [{"sql": statement.sql, **statement.place._asdict()} for statement in rendered.statements],
        "gap": None if gap is None else {"line": gap.place.line, "column": gap.place.column, "reason": gap.reason},
    }


if __name__ == "__main__":
    main()
