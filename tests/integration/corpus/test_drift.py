"""Real histories: what they build on a server does not drift from them, neither exactly nor by replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.catalogue.project import read_project
from migsafe.config import Config
from migsafe.shadow.drift.built import build
from migsafe.shadow.drift.database import compare_database
from migsafe.shadow.given import GivenServer
from migsafe.shadow.options import ServerChoice
from shared_corpus import CORPUS, needs_corpus

if TYPE_CHECKING:
    from migsafe.shadow.server import ThrowawayServer


pytestmark = [pytest.mark.corpus, needs_corpus]


@pytest.mark.parametrize("name", ["crates.io", "langfuse"])
def test_a_real_history_does_not_drift_from_itself(
    name: str, postgres_server: ThrowawayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = read_project([CORPUS / "sql" / name], Config())
    with GivenServer.open(postgres_server.dsn()) as server:
        build(server, "real", project.ups)
        monkeypatch.setenv("DB", server.dsn("real"))
        monkeypatch.setenv("SHADOW", postgres_server.dsn())
        assert compare_database(project, "env:DB", choice=ServerChoice(url="env:SHADOW")).findings == ()
        assert compare_database(project, "env:DB", static=True).findings == ()
