"""Which files of a project are about its deployment, and which are left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.sources.deploy_files.base import Kind
from migsafe.sources.deploy_files.finding import deploy_files_below, named_file
from migsafe.sources.deploy_files.roots import project_root

MANIFEST = "apiVersion: apps/v1\nkind: Deployment\n"
SHELL = "#!/bin/sh\n"


def _write(folder: Path, name: str, text: str = "") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _found(folder: Path) -> list[tuple[str, Kind]]:
    return [(one.path.relative_to(folder).as_posix(), one.kind) for one in deploy_files_below(folder)]


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("Dockerfile", "", Kind.DOCKERFILE),
        ("dockerfile", "", Kind.DOCKERFILE),
        ("docker/Dockerfile.production", "", Kind.DOCKERFILE),
        ("web.Dockerfile", "", Kind.DOCKERFILE),
        ("Containerfile", "", Kind.DOCKERFILE),
        ("services/shop/Procfile", "", Kind.PROCFILE),
        ("docker-compose.yml", "", Kind.COMPOSE),
        ("compose.production.yaml", "", Kind.COMPOSE),
        ("entrypoint.sh", "", Kind.SCRIPT),
        ("bin/docker-entrypoint", "", Kind.SCRIPT),
        ("deploy/web-entrypoint.sh", "", Kind.SCRIPT),
        ("k8s/shop.yaml", MANIFEST, Kind.MANIFEST),
        (
            "k8s/list.yml",
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: apps/v1\n  kind: Deployment\n",
            Kind.MANIFEST,
        ),
        ("k8s/quoted.yaml", "'apiVersion': apps/v1\n\"kind\": 'StatefulSet'\n", Kind.MANIFEST),
        ("rendered/all.yaml", "---\n# Source: x\nkind: Job\napiVersion: batch/v1\n", Kind.MANIFEST),
    ],
)
def test_a_file_of_the_deployment(name: str, text: str, kind: Kind, tmp_path: Path) -> None:
    _write(tmp_path, name, text)
    assert _found(tmp_path) == [(name, kind)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Dockerfile.dev", ""),
        ("dev.Dockerfile", ""),
        ("Dockerfile-old.md", ""),
        ("Procfile.dev", ""),
        ("docker-entrypoint.test.sh", ""),
        ("entrypoints.py", ""),
        ("values.yaml", "image: shop\n"),
        ("openapi.yaml", "kind: object\n"),
        ("playbook.yml", "- hosts: all\n"),
        ("k8s/configmap.yaml", "apiVersion: v1\nkind: ConfigMap\n"),
        ("k8s/jobs.yaml", "apiVersion: x/v1\nkind: JobTemplate\n"),
        ("node_modules/x/Dockerfile", ""),
        ("vendor/x/Procfile", ""),
        ("tests/fixtures/Dockerfile", ""),
        ("fixtures/k8s.yaml", MANIFEST),
        ("examples/shop/Dockerfile", ""),
        ("docs/deployment.yaml", MANIFEST),
        (".github/workflows/Dockerfile", ""),
        (".devcontainer/Dockerfile", ""),
        ("a/b/c/d/e/f/g/h/i/Dockerfile", ""),
        ("deploy.sh", SHELL),
        ("start.sh", SHELL),
    ],
)
def test_what_is_left_out(name: str, text: str, tmp_path: Path) -> None:
    _write(tmp_path, name, text)
    assert _found(tmp_path) == []


def test_a_search_may_begin_in_what_is_left_out_elsewhere(tmp_path: Path) -> None:
    _write(tmp_path, "tests/fixtures/Dockerfile")
    assert _found(tmp_path / "tests" / "fixtures") == [("Dockerfile", Kind.DOCKERFILE)]


def test_of_a_chart_only_the_chart_is_found(tmp_path: Path) -> None:
    _write(tmp_path, "chart/Chart.yaml", "name: shop\n")
    _write(tmp_path, "chart/templates/shop.yaml", MANIFEST)
    _write(tmp_path, "chart/charts/other/templates/other.yaml", MANIFEST)
    _write(tmp_path, "chart/values.yaml", "a: 1\n")
    assert _found(tmp_path) == [("chart/Chart.yaml", Kind.CHART)]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    _write(tmp_path, "Dockerfile")
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    assert _found(tmp_path) == [("Dockerfile", Kind.DOCKERFILE)]


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("start.sh", "", Kind.SCRIPT),
        ("bin/boot", SHELL, Kind.SCRIPT),
        ("bin/boot", "#!/usr/bin/env bash\n", Kind.SCRIPT),
        ("Dockerfile.dev", "", Kind.DOCKERFILE),
        ("bin/boot", "#!/usr/bin/env python3\n", None),
        ("bin/boot", "text", None),
        ("0001_users.sql", "", None),
        ("values.yaml", "a: 1\n", None),
    ],
)
def test_a_file_that_is_named(name: str, text: str, kind: Kind | None, tmp_path: Path) -> None:
    found = named_file(_write(tmp_path, name, text))
    assert (found and found.kind) == kind


def test_a_folder_or_nothing_is_no_file(tmp_path: Path) -> None:
    assert named_file(tmp_path) is None
    assert named_file(tmp_path / "Dockerfile") is None


def test_the_project_begins_where_its_marks_are(tmp_path: Path) -> None:
    _write(tmp_path, "deploy.toml")
    inside = _write(tmp_path, "a/b/Dockerfile")
    assert project_root(inside) == tmp_path
    assert project_root(inside.parent) == tmp_path
    _write(tmp_path, "a/pyproject.toml")
    assert project_root(inside) == tmp_path / "a"
