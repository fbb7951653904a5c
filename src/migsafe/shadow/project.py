"""`migsafe verify` from paths to a report: which migrations, which server, and who looks on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.catalogue.project import source_options
from migsafe.errors import PathNotFoundError
from migsafe.shadow.options import Proof, ServerChoice
from migsafe.shadow.verify import VerifyOptions, verify
from migsafe.sources import narrow, read_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from migsafe.config import Config
    from migsafe.model.report import Report
    from migsafe.shadow.verify import Companion


def verify_paths(
    paths: Sequence[Path], config: Config, proof: Proof, *, progress: Callable[[int, int], None] | None = None
) -> Report:
    """Prove the migrations in files and folders; see `migsafe.api.verify`."""
    layouts = narrow(read_paths(paths, source_options(config)), since=config.since, diff=config.diff)
    options = VerifyOptions(
        server=ServerChoice(url=config.shadow_url, bin_dir=config.pg_bin, major=config.server_version),
        rows=proof.rows,
        setup=_text(proof.setup),
        companions=tuple(_companions(proof)),
    )
    return verify(layouts, config, options, progress=progress)


def _companions(proof: Proof) -> Sequence[Companion]:
    if not proof.queries and not proof.generate_queries:
        return ()
    from migsafe.shadow.compat.companion import ReleaseCompanion
    from migsafe.shadow.compat.sources import read_queries

    queries = read_queries(proof.queries).queries if proof.queries else ()
    return (ReleaseCompanion(queries, generate=proof.generate_queries),)


def _text(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PathNotFoundError(f"{file} does not exist") from None
