"""What kubectl says, and what is passed on of it: texts as kubectl 1.27 to 1.37 print them."""

from __future__ import annotations

import os
import select
import subprocess
from pathlib import Path

import pytest

from migsafe.deploy.providers import kubectl
from migsafe.deploy.providers.kubectl import (
    ClusterAwayError,
    ClusterRefusedError,
    ConflictError,
    ForbiddenError,
    Kubectl,
    NotThereError,
    Patch,
    find_kubectl,
    read_failure,
)
from migsafe.errors import EnvironmentFailedError, ExitCode


def failure(stderr: str) -> EnvironmentFailedError:
    return read_failure(stderr, "prod", "shop")


@pytest.mark.parametrize(
    ("stderr", "kind", "said"),
    [
        (
            'Error from server (NotFound): deployments.apps "web" not found',
            NotThereError,
            'deployments.apps "web" not found (namespace shop, context prod)',
        ),
        (
            'error: the server doesn\'t have a resource type "rollouts"',
            NotThereError,
            'the server doesn\'t have a resource type "rollouts" (context prod)',
        ),
        (
            'Error from server (Forbidden): deployments.apps "web" is forbidden: User "ci" cannot patch resource '
            '"deployments" in API group "apps" in the namespace "shop"',
            ForbiddenError,
            "ci has no right to patch deployments in namespace shop",
        ),
        (
            'Error from server (Conflict): Operation cannot be fulfilled on services "shop": the object has been '
            "modified; please apply your changes to the latest version and try again",
            ConflictError,
            'Operation cannot be fulfilled on services "shop"',
        ),
        (
            "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?",
            ClusterAwayError,
            "the cluster of context prod does not answer",
        ),
        ("Error from server (ServiceUnavailable): apiserver is shutting down", ClusterAwayError, "shutting down"),
        ("Unable to connect to the server: net/http: TLS handshake timeout", ClusterAwayError, "TLS handshake timeout"),
        ("error: You must be logged in to the server (Unauthorized)", ForbiddenError, "does not accept the login"),
        (
            "Unable to connect to the server: getting credentials: exec: executable aws not found",
            ForbiddenError,
            "executable aws not found",
        ),
        ('error: context "prod" does not exist', EnvironmentFailedError, "kubectl knows no context prod"),
        ("Error from server (Invalid): spec.replicas: must be >= 0", ClusterRefusedError, "spec.replicas"),
        ("", ClusterRefusedError, "failed without a word"),
    ],
)
def test_each_complaint_in_one_line(stderr: str, kind: type[EnvironmentFailedError], said: str) -> None:
    found = failure(stderr)

    assert type(found) is kind
    assert said in found.message
    assert "\n" not in found.message
    assert found.exit_code is ExitCode.ENVIRONMENT


def test_the_log_of_kubectl_is_not_its_complaint() -> None:
    log = 'E1123 13:49:21.503306   30489 memcache.go:381] "Unhandled Error" err="couldn\'t get the list"\n'

    assert failure(f"{log}{log}Error from server (Conflict): modified\n").message == "modified"


def test_a_login_program_that_is_not_there() -> None:
    """As kubectl 1.37 said it: a log of several lines, the complaint, and advice with a link."""
    said = "getting credentials: exec: executable nonesuch not found"
    advice = "It looks like you are trying to use a client-go credential plugin that is not installed."
    link = "      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins"
    log = (
        f'E1123 14:24:12.659766   11381 memcache.go:381] "Couldn\'t get it" err=<\n\tGet "https://c/api": {said}\n >\n'
    )

    found = failure(f"{log}Unable to connect to the server: {said}\n\n{advice}\n\nTo learn more:\n{link}\n")

    assert isinstance(found, ForbiddenError)
    assert found.message.endswith("executable nonesuch not found")


@pytest.mark.parametrize(
    "secret",
    [
        "Authorization: Bearer abc.def-ghi",
        "token=abc.def-ghi",
        '"password": "abc.def-ghi"',
        "https://ci:abc.def-ghi@cluster.example/",
        "eyJhbGciOiJSUzI1NiJ9.abc.def-ghi",
    ],
)
def test_nothing_that_looks_like_a_credential_is_passed_on(secret: str) -> None:
    found = failure(f"error: it went wrong with {secret}")

    assert "abc" not in found.message
    assert "it went wrong with" in found.message


def test_a_kubectl_that_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(line: list[str], _feed: str, _environ: object, seconds: float) -> None:
        raise subprocess.TimeoutExpired(line, seconds)

    monkeypatch.setattr(kubectl, "complete", run)

    with pytest.raises(ClusterAwayError, match="has not come back within 35 seconds"):
        Kubectl(program="kubectl", context="prod", namespace="shop", timeout_s=5).find("services/shop")


def test_a_login_program_that_waits_for_somebody_is_ended_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    program = tmp_path / "kubectl"
    program.write_text(f"#!/bin/sh\nsleep 60 3>{held} &\nwait\n")  # it alone holds the other end
    program.chmod(0o755)
    monkeypatch.setattr(kubectl, "_BESIDE", 0.0)
    with open(os.open(held, os.O_RDONLY | os.O_NONBLOCK), "rb") as end:
        with pytest.raises(ClusterAwayError, match="has not come back"):
            Kubectl(program=str(program), context="prod", namespace="shop", timeout_s=0.5).find("services/shop")
        ready, _, _ = select.select([end], [], [], 10.0)
        assert (ready, end.read()) == ([end], b"")  # nobody holds it any more


def test_a_kubectl_that_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailedError, match="cannot be started: No such file"):
        Kubectl(program=str(tmp_path / "kubectl"), context="prod", namespace="shop").find("services/shop")


@pytest.mark.parametrize(
    ("stdout", "may"), [("yes\n", True), ("no\n", False), ("no - no RBAC policy matched\n", False)]
)
def test_a_right_that_is_asked_for(monkeypatch: pytest.MonkeyPatch, stdout: str, may: bool) -> None:
    monkeypatch.setattr(kubectl, "complete", lambda line, *_: subprocess.CompletedProcess(line, not may, stdout, ""))

    assert Kubectl(program="kubectl", context="prod", namespace="shop").may("patch", "services/shop") is may


def test_context_namespace_and_time_limit_are_always_said(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[list[str]] = []
    fed: list[str] = []

    def run(line: list[str], feed: str, *_: object) -> subprocess.CompletedProcess[str]:
        lines.append(line)
        answers = {"auth": "yes\n", "patch": '{"kind":"Service"}', "get": ""}
        fed.append(feed)
        return subprocess.CompletedProcess(line, 0, answers[line[6]], "")

    monkeypatch.setattr(kubectl, "complete", run)
    cluster = Kubectl(program="kubectl", context="prod", namespace="shop", timeout_s=5)
    cluster.find("services/shop")
    cluster.select("pods", "app=shop")
    assert cluster.may("patch", "services/shop")
    cluster.patch("services/shop", Patch("merge", {"spec": "s3cr3t"}))

    assert len(lines) == 4
    assert fed == ["", "", "", '{"spec": "s3cr3t"}']
    for line in lines:
        assert "s3cr3t" not in " ".join(line)
        assert line[:6] == ["kubectl", "--context", "prod", "-n", "shop", "--request-timeout=5s"]


def test_the_one_on_the_path(tmp_path: Path) -> None:
    program = tmp_path / "kubectl"
    program.write_text("")
    program.chmod(0o755)

    assert find_kubectl(None, {"PATH": str(tmp_path)}) == str(program)
    with pytest.raises(EnvironmentFailedError, match="kubectl is not on PATH") as caught:
        find_kubectl(None, {"PATH": str(tmp_path / "nowhere")})
    assert "kubectl = in [provider]" in str(caught.value.hint)


def test_a_program_that_is_not_kubectl() -> None:
    with pytest.raises(EnvironmentFailedError, match="does not say which version it is"):
        Kubectl(program="/bin/echo", context="prod", namespace="shop").version()


@pytest.mark.parametrize("printed", ["Warning: a proxy speaks", "[]", "null", '"yes"'])
def test_what_is_no_object_is_said(monkeypatch: pytest.MonkeyPatch, printed: str) -> None:
    monkeypatch.setattr(kubectl, "complete", lambda line, *_: subprocess.CompletedProcess(line, 0, printed, ""))
    with pytest.raises(EnvironmentFailedError, match="no object in JSON"):
        Kubectl(program="kubectl", context="prod", namespace="shop").find("services/shop")
