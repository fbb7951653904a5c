"""A project whose change awaits its contract, prepared once: its database is a template."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from contract_projects import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from migsafe.shadow.server import ThrowawayServer

TEMPLATE, DATABASE = "contract_template", "contract_story"


@pytest.fixture(scope="package")
def furnished(tmp_path_factory: pytest.TempPathFactory, postgres_server: ThrowawayServer) -> Iterator[Path]:
    """The project as every test begins with it; its database is a template."""
    folder = tmp_path_factory.mktemp("furnished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Project(folder, postgres_server.create_database(TEMPLATE), new=True).furnish()
    yield folder
    postgres_server.drop_database(TEMPLATE)


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, furnished: Path, postgres_server: ThrowawayServer
) -> Iterator[Project]:
    folder = shutil.copytree(furnished, tmp_path / "project")
    monkeypatch.chdir(folder)
    yield Project(folder, postgres_server.create_database(DATABASE, TEMPLATE))
    postgres_server.drop_database(DATABASE)
