"""When files of the deployment are judged, which of them, and what takes their findings away."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.config import Config, ConfiguredIgnore
from migsafe.errors import NoMigrationsError
from migsafe.lint.run import lint_paths, lint_stdin
from migsafe.model.finding import Severity
from migsafe.model.report import Report
from migsafe.reporters.summary import summary

DOCKERFILE = "FROM a\nCMD alembic upgrade head && gunicorn app\n"
PROCFILE = "release: alembic upgrade head\nweb: gunicorn app\n"
MANIFEST = """apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers: [{name: web, image: shop, ports: [{containerPort: 80}]}]
"""
DEPLOY = Config(select=("deploy",))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a migration and a Dockerfile that migrates at start; the current folder."""
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "pyproject.toml": "",
        "Dockerfile": DOCKERFILE,
        "db/migrations/0001_shop.sql": "CREATE TABLE shop (id bigint PRIMARY KEY);\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def _said(report: Report) -> list[tuple[str, str]]:
    return [(finding.path, finding.rule) for finding in report.findings]


AT_START = ("Dockerfile", "migrate-at-start")


def test_nothing_of_the_deployment_is_looked_for_where_nobody_asks(project: Path) -> None:
    report = lint_paths(["."], Config())
    assert (_said(report), report.deploy_files) == ([], 0)


@pytest.mark.parametrize(
    "config",
    [
        DEPLOY,
        Config(extend_select=("deploy",)),
        Config(select=("migrate-at-start",)),
        Config(select=("all",), ignore=("style", "type", "perf")),
    ],
)
def test_rules_that_are_asked_for_look(config: Config, project: Path) -> None:
    assert AT_START in _said(lint_paths(["."], config))


def test_a_project_that_deploys_with_migsafe_is_looked_at(project: Path) -> None:
    (project / "deploy.toml").touch()
    assert _said(lint_paths(["."], Config())) == [AT_START]
    assert _said(lint_paths(["db/migrations"], Config())) == [AT_START]
    assert _said(lint_paths(["db/migrations/0001_shop.sql"], Config())) == []


def test_a_file_that_is_named_is_judged(project: Path) -> None:
    report = lint_paths(["Dockerfile"], Config())
    assert (_said(report), report.linted, report.migrations) == ([AT_START], 1, 0)
    assert summary(report) == "1 error in 1 deployment file"


def test_a_folder_that_holds_such_files_limits_the_search(project: Path) -> None:
    (project / "k8s").mkdir()
    (project / "k8s" / "shop.yaml").write_text(MANIFEST, encoding="utf-8")
    assert _said(lint_paths(["k8s"], DEPLOY)) == [("k8s/shop.yaml", "missing-probes")]
    assert ("k8s/shop.yaml", "missing-probes") in _said(lint_paths(["db"], DEPLOY))


def test_migrations_need_not_be_there_when_only_the_deployment_is_asked_for(project: Path) -> None:
    (project / "db" / "migrations" / "0001_shop.sql").unlink()
    assert _said(lint_paths(["."], DEPLOY)) == [AT_START]
    (project / "Dockerfile").unlink()
    with pytest.raises(NoMigrationsError):
        lint_paths(["."], DEPLOY)


def test_files_and_migrations_are_counted_apart(project: Path) -> None:
    assert summary(lint_paths(["."], DEPLOY)) == "1 error in 1 migration and 1 deployment file"
    (project / "Dockerfile").write_text("FROM a\nCMD gunicorn app\n", encoding="utf-8")
    assert summary(lint_paths(["."], DEPLOY)) == "no findings in 1 migration and 1 deployment file"


def test_rules_that_are_ignored_are_silent(project: Path) -> None:
    assert _said(lint_paths(["Dockerfile"], Config(ignore=("deploy",)))) == []
    assert _said(lint_paths(["Dockerfile"], Config(select=("lock",)))) == []


@pytest.mark.parametrize(
    "text",
    [
        'FROM a\n# migsafe: ignore migrate-at-start reason="one instance"\nCMD alembic upgrade head && gunicorn app\n',
        'FROM a\n# migsafe: ignore migrate-at-start reason="one"\n# more\n\nCMD dbmate up && gunicorn app\n',
    ],
)
def test_a_comment_takes_the_finding_of_its_line_away(text: str, project: Path) -> None:
    (project / "Dockerfile").write_text(text, encoding="utf-8")
    report = lint_paths(["Dockerfile"], Config())
    assert (_said(report), report.suppressed) == ([], 1)


def test_a_comment_behind_the_line(project: Path) -> None:
    text = 'web: alembic upgrade head && gunicorn app  # migsafe: ignore migrate-at-start reason="one"\n'
    (project / "Procfile").write_text(text, encoding="utf-8")
    assert lint_paths(["Procfile"], Config()).suppressed == 1


@pytest.mark.parametrize(
    "comment",
    [
        "# migsafe: ignore migrate-at-start",
        '# migsafe: ignore migrate-in-deploy reason="another one"',
        '# migsafe: ignore migrate-at-strat reason="a slip"',
        '# migsafe: ignore migrate-at-start reason="long ago" until=2020-01-01',
    ],
)
def test_a_comment_that_does_nothing_is_said(comment: str, project: Path) -> None:
    (project / "Dockerfile").write_text(f"FROM a\n{comment}\n{DOCKERFILE.splitlines()[1]}\n", encoding="utf-8")
    found = [finding.rule for finding in lint_paths(["Dockerfile"], Config()).findings]
    assert sorted(found) == ["migrate-at-start", "unused-suppression"]


def test_a_comment_above_another_line_does_nothing(project: Path) -> None:
    text = (
        f'# migsafe: ignore migrate-at-start reason="all"\n{DOCKERFILE}# migsafe: ignore migrate-at-start reason="x"\n'
    )
    (project / "Dockerfile").write_text(text, encoding="utf-8")
    found = [finding.rule for finding in lint_paths(["Dockerfile"], Config()).findings]
    assert sorted(found) == ["migrate-at-start", "unused-suppression", "unused-suppression"]


def test_the_configuration_takes_away_by_the_path_from_the_root(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ignore = ConfiguredIgnore(rule="migrate-at-start", reason="one instance", migration="Dockerfile")
    assert lint_paths(["."], Config(select=("deploy",), reasoned_ignores=(ignore,))).suppressed == 1
    monkeypatch.chdir(project / "db")
    assert lint_paths([".."], Config(select=("deploy",), reasoned_ignores=(ignore,))).suppressed == 1


def test_the_fingerprint_stays_when_lines_move_and_wherever_migsafe_runs(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (before,) = lint_paths(["Dockerfile"], Config()).findings
    (project / "Dockerfile").write_text(f"# new\n{DOCKERFILE}", encoding="utf-8")
    monkeypatch.chdir(project / "db")
    (after,) = lint_paths(["../Dockerfile"], Config()).findings
    assert before.start != after.start
    assert before.fingerprint == after.fingerprint


def test_what_cannot_be_read_is_said_whatever_is_selected(project: Path) -> None:
    (project / "compose.yaml").write_text("services: [\n", encoding="utf-8")
    (project / "Procfile").write_bytes(b"web: \xff\n")
    (project / "k8s.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nname: {{ x }}-{{ y }}: z\n", encoding="utf-8"
    )
    said = _said(lint_paths(["."], Config(select=("all-unavailable",))))
    assert said == [
        ("Procfile", "could-not-read"),
        ("compose.yaml", "could-not-read"),
        ("k8s.yaml", "template-placeholder"),
    ]
    ignored = Config(select=("all-unavailable",), ignore=("could-not-read", "template-placeholder"))
    assert _said(lint_paths(["."], ignored)) == []


def test_notes_are_shown_to_who_asks(project: Path) -> None:
    (project / "Dockerfile").unlink()
    guarded = '#!/bin/sh\n[ -n "$MIGRATE" ] && alembic upgrade head\nexec gunicorn app\n'
    (project / "entrypoint.sh").write_text(guarded, encoding="utf-8")
    (finding,) = lint_paths(["."], DEPLOY).findings
    assert finding.severity is Severity.INFO
    report = lint_paths(["entrypoint.sh"], Config())
    assert (report.findings, report.hidden) == ((), 1)


def test_rendered_manifests_from_elsewhere(project: Path) -> None:
    report = lint_stdin(MANIFEST, "rendered.yaml", Config())
    assert _said(report) == [("rendered.yaml", "missing-probes")]
    assert "rendered.yaml" in report.sources


def test_one_manifest_alone_is_seen_with_its_neighbours(project: Path) -> None:
    (project / "shop.yaml").write_text(MANIFEST, encoding="utf-8")
    (project / "service.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: front}\nspec: {selector: {app: shop}}\n", encoding="utf-8"
    )
    (finding,) = lint_paths(["shop.yaml"], Config()).findings
    assert "behind the Service front" in finding.message
    assert finding.severity is Severity.ERROR
