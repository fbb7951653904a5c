"""The only list of tasks. Default sessions are what CI runs; `heavy-*` ones are run by hand."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "tests"]

PYTHONS = ["3.11", "3.12", "3.13"]


def _reach_pyenv() -> None:
    """Put pyenv's interpreters on PATH: its shims are there, but start only the version that is switched on."""
    for version in PYTHONS:
        for folder in sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin")):
            probe = subprocess.run([folder / f"python{version}", "--version"], capture_output=True, check=False)
            if probe.returncode == 0:
                os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
                break


_reach_pyenv()


def _install(session: nox.Session, groups: str, *extras: str) -> None:
    """The project with extras, and groups of what its work needs, by their names with blanks between."""
    extra = f"[{','.join(extras)}]" if extras else ""
    told = nox.project.load_toml("pyproject.toml")
    session.install("-e", f".{extra}", *nox.project.dependency_groups(told, *groups.split()))


@nox.session
def lint(session: nox.Session) -> None:
    """Format, style, types and the import law."""
    _install(session, "lint")
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("mypy")
    session.run("lint-imports")


#: What later Pythons run: many processes, servers, engines and whole commands prove nothing that depends on them.
_LATER = [
    "-m",
    "not long and not corpus and not server and not endurance",
    "--hypothesis-profile",
    "light",
    "--assert=plain",
    "--ignore=tests/unit/deploy/providers",
    "--ignore=tests/unit/demo",
]
#: They share it: each quick test runs on the first Python, and on one of the later ones.
_IN_THE_MIDDLE = [f"tests/unit/{room}" for room in ("deploy", "fleet", "runner", "sources", "tracker")]
_AT_LAST = ["tests/unit", "tests/architecture", "tests/acceptance/test_lint.py"]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Every test that a fresh machine can run; the long ones on one Python, the last one with the compiled sqlglot."""
    first, middle, last = PYTHONS
    groups = "test engines" if session.python == first else "test"
    _install(session, groups, "embedded", *(["fast"] if session.python == last else []))
    chosen, workers = {
        # A third worker: on two cores, two of them wait for servers and processes a fifth of their time.
        first: (["-m", "not endurance", "--hypothesis-profile", "ci"], "3"),
        middle: ([*_LATER, *_IN_THE_MIDDLE], "2"),
        last: ([*_LATER, *_AT_LAST, *(f"--ignore={room}" for room in _IN_THE_MIDDLE)], "2"),
    }[str(session.python)]
    session.run("pytest", "-n", workers, "--dist", "worksteal", *chosen, *session.posargs)


@nox.session(name="heavy-corpus")
def heavy_corpus(session: nox.Session) -> None:
    """Everything that reads the shared corpus, with its figures printed."""
    _install(session, "test", "embedded", "fast")
    session.run("pytest", "-m", "corpus", "-s", *session.posargs)


def _cache(session: nox.Session) -> str:
    """The folder for what comes from the package index: the one that is named, else the session's own."""
    return session.posargs[0] if session.posargs else session.create_tmp()


def _measure(session: nox.Session, script: str, cache: str, *arguments: str) -> None:
    session.run("python", script, cache, *arguments, env={"PYTHONPATH": str(Path("tests").resolve())})


@nox.session(name="heavy-alembic", python="3.11")
def heavy_alembic(session: nox.Session) -> None:
    """Published Alembic projects: what renders, whether the replay is what a server has, and how long it takes."""
    _install(session, "test", "embedded", "fast")
    cache = _cache(session)
    _measure(session, "tests/heavy/rendering.py", cache)
    _measure(session, "tests/heavy/catalogue.py", cache)
    _measure(session, "benchmarks/alembic_revisions.py", cache)


@nox.session(name="heavy-django", python="3.11")
def heavy_django(session: nox.Session) -> None:
    """Every migration of wagtail, django-oauth-toolkit and Django: with no server, and as a server has it."""
    _install(session, "test", "embedded", "fast")
    cache = _cache(session)
    _measure(session, "tests/heavy/django_apps.py", cache)
    _measure(session, "tests/heavy/django_catalogue.py", cache)


@nox.session(name="heavy-findings", python="3.11")
def heavy_findings(session: nox.Session) -> None:
    """A page of findings drawn over the published projects, for a verdict by hand."""
    _install(session, "test", "fast")
    _measure(session, "tests/heavy/findings.py", _cache(session))


@nox.session(name="heavy-kills")
def heavy_kills(session: nox.Session) -> None:
    """End `migsafe verify` at random moments, by SIGKILL, SIGINT and SIGTERM: nothing may stay behind. Linux only."""
    _install(session, "test", "embedded", "fast")
    session.run("python", "tests/heavy/kills.py", *session.posargs, env={"PYTHONPATH": str(Path("tests").resolve())})


@nox.session(name="heavy-runs")
def heavy_runs(session: nox.Session) -> None:
    """`migsafe run`, killed at every commit; ten minutes of queueing; 500 databases; a standby; millions of rows."""
    _install(session, "test", "embedded", "fast")
    session.run("pytest", "-n", "2", "-m", "endurance")
    for script in ("run_kills", "run_cuts", "queueing", "standby_load", "fleet", "backfill"):
        session.run("python", f"tests/heavy/{script}.py", env={"PYTHONPATH": str(Path("tests").resolve())})
    session.run("python", "benchmarks/backfill.py", env={"PYTHONPATH": str(Path("tests").resolve())})


@nox.session(name="heavy-deploy", python="3.11")
def heavy_deploy(session: nox.Session) -> None:
    """Whole rollouts under tens of thousands of requests; engines and stand-ins; a coordinator killed everywhere."""
    _install(session, "test engines", "embedded", "fast")
    session.run(
        "pytest",
        "-n",
        "2",
        "-m",
        "endurance",
        "tests/unit/deploy",
        "tests/integration/deploy",
        "tests/integration/demo",
    )
    for script in ("deploy_local", "deploy_kills"):
        session.run("python", f"tests/heavy/{script}.py", env={"PYTHONPATH": str(Path("tests").resolve())})


@nox.session(name="heavy-plans")
def heavy_plans(session: nox.Session) -> None:
    """Every kind of `migsafe plan`, there and back, beside thousands of transactions of old and new code."""
    _install(session, "test", "embedded", "fast")
    session.run("python", "tests/heavy/plans.py", *session.posargs, env={"PYTHONPATH": str(Path("tests").resolve())})


@nox.session(name="heavy-phases")
def heavy_phases(session: nox.Session) -> None:
    """A page of findings about phases, drawn over the shared corpus, for a verdict by hand."""
    _install(session, "test", "fast")
    session.run(
        "python", "tests/heavy/phase_findings.py", *session.posargs, env={"PYTHONPATH": str(Path("tests").resolve())}
    )


@nox.session(name="heavy-benchmarks")
def heavy_benchmarks(session: nox.Session) -> None:
    """Speed side by side with peers, as ratios of one run."""
    _install(session, "test", "fast")
    session.install("squawk-cli", "sqlfluff")
    session.run("python", "benchmarks/lint.py", *session.posargs)
