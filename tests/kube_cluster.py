"""A real control plane on the loopback: etcd, kube-apiserver, kube-controller-manager, and a kubelet of our own.

The folder of the three binaries is what MIGSAFE_KUBE_BIN names. Written for 1.20 and later; users are told apart by
token, rights are RBAC's. Pods become ready as soon as they are there, but for those whose image says `bad`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kube_program import environment
from kube_stub import KINDS, NAMESPACE, Object
from migsafe.deploy.providers.kubectl import Kubectl

MANUAL = Path(__file__).parents[1] / "docs" / "deploy-kubernetes.md"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager")
ADMIN, DEPLOYER = "admin", "deployer"
_PATIENCE_S = 60.0


def missing() -> str | None:
    """Why there is no such cluster here; None where there is one."""
    folder = os.environ.get("MIGSAFE_KUBE_BIN")
    if folder is None:
        return "MIGSAFE_KUBE_BIN does not name a folder with etcd, kube-apiserver and kube-controller-manager"
    absent = [name for name in PROGRAMS if not (Path(folder) / name).is_file()]
    if absent:
        return f"{folder} has no {', '.join(absent)}"
    return None if shutil.which("openssl") else "there is no openssl to make a key with"


@dataclass
class RealCluster:
    """One that runs.

    Attributes:
        config: a kubeconfig with the contexts `admin` and `deployer`.
    """

    url: str
    config: Path

    def ask(self, method: str, path: str, body: Any = None, sent: str = "application/json", user: str = ADMIN) -> Any:
        """A request of the administrator's, or of another user."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {user}-token", "Content-Type": sent}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10, context=_trusting()) as answer:
            return json.loads(answer.read() or b"null")

    def answer(self, *question: Any, **options: Any) -> tuple[int, Any]:
        """What is said to a request, a refusal too: its code and its body."""
        try:
            return 200, self.ask(*question, **options)
        except urllib.error.HTTPError as refusal:
            said = refusal.read()  # plain text where not even the group is known
            return refusal.code, json.loads(said) if said.startswith(b"{") else said.decode()

    def make(self, kind: str, found: Object, namespace: str = NAMESPACE) -> None:
        """An object, whatever was there of that name before."""
        api = KINDS[kind]
        root = f"/apis/{api.api_version}" if api.group else f"/api/{api.api_version}"
        path, name = f"{root}/namespaces/{namespace}/{kind}", found["metadata"]["name"]
        if self.answer("DELETE", f"{path}/{name}")[0] == 200:
            self._wait_until_gone(f"{path}/{name}")
        self.ask("POST", path, {"apiVersion": api.api_version, "kind": api.kind, **found})

    def _wait_until_gone(self, path: str) -> None:
        end = time.monotonic() + _PATIENCE_S
        while self.answer("GET", path)[0] != 404:
            assert time.monotonic() < end, f"{path} is still there"
            time.sleep(0.05)

    def furnish(self, program: str, namespace: str) -> Kubectl:
        """A namespace in which a deployer has the rights of the manual and no more; gives that one's kubectl."""
        self.ask("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        environ = environment(self.config.parent, self.config)
        rights = MANUAL.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
        line = [program, "--context", ADMIN, "apply", "-f", "-"]
        said = rights.replace(f"namespace: {NAMESPACE}", f"namespace: {namespace}")
        subprocess.run(line, env=environ, input=said, text=True, check=True, capture_output=True)
        return Kubectl(program=program, context=DEPLOYER, namespace=namespace, environ=environ)

    def kubelet(self, stop: threading.Event) -> None:
        """Give every pod the status that a node would give it."""
        while not stop.wait(0.1):
            with contextlib.suppress(urllib.error.URLError, OSError):
                for pod in self.ask("GET", "/api/v1/pods")["items"]:
                    self._tend(pod)

    def _tend(self, pod: dict[str, Any]) -> None:
        meta, image = pod["metadata"], pod["spec"]["containers"][0]["image"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        if "deletionTimestamp" in meta:
            self.ask("DELETE", f"{path}?gracePeriodSeconds=0")
        elif "bad" not in image and pod["status"].get("phase") != "Running":
            ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
            self.ask("PATCH", f"{path}/status", {"status": ready}, "application/merge-patch+json")


@contextlib.contextmanager
def real_cluster(folder: Path) -> Iterator[RealCluster]:
    """Start one in a folder, and end it."""
    binaries = Path(os.environ["MIGSAFE_KUBE_BIN"])
    etcd, peer, port = _free_port(), _free_port(), _free_port()
    cluster = RealCluster(f"https://127.0.0.1:{port}", _write_config(folder, port))
    _write_secrets(folder)
    stop = threading.Event()
    with contextlib.ExitStack() as running:
        running.enter_context(_started(_etcd(binaries, folder, etcd, peer), folder))
        running.enter_context(_started(_apiserver(binaries, folder, etcd, port), folder))
        _wait_until_ready(cluster)
        running.enter_context(_started(_controllers(binaries, folder), folder))
        nodes = threading.Thread(target=cluster.kubelet, args=(stop,), daemon=True)
        nodes.start()
        try:
            yield cluster
        finally:
            stop.set()
            nodes.join(10)


def _etcd(binaries: Path, folder: Path, port: int, peer: int) -> list[str]:
    here, there = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer}"
    return [
        str(binaries / "etcd"),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={here}",
        f"--advertise-client-urls={here}",
        f"--listen-peer-urls={there}",
        f"--initial-advertise-peer-urls={there}",
        f"--initial-cluster=default={there}",
    ]


def _apiserver(binaries: Path, folder: Path, etcd: int, port: int) -> list[str]:
    return [
        str(binaries / "kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certs'}",
        "--service-account-issuer=https://localhost",
        f"--service-account-signing-key-file={folder / 'sa.key'}",
        f"--service-account-key-file={folder / 'sa.key'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",
        "--endpoint-reconciler-type=none",
    ]


def _controllers(binaries: Path, folder: Path) -> list[str]:
    program = str(binaries / "kube-controller-manager")
    # A second port, without TLS, that later ones do not have any more. A build of one's own knows no version of itself.
    options = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    old = "--port int" in options
    return [
        program,
        f"--kubeconfig={folder / 'config'}",
        "--leader-elect=false",
        "--controllers=deployment,replicaset,garbagecollector",
        "--secure-port=0",
        *(["--port=0"] if old else []),
    ]


def _write_config(folder: Path, port: int) -> Path:
    cluster = {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "real", "cluster": cluster}],
        "users": [{"name": user, "user": {"token": f"{user}-token"}} for user in (ADMIN, DEPLOYER)],
        "contexts": [{"name": user, "context": {"cluster": "real", "user": user}} for user in (ADMIN, DEPLOYER)],
        "current-context": ADMIN,
    }
    path = folder / "config"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def _write_secrets(folder: Path) -> None:
    lines = [f"{ADMIN}-token,{ADMIN},1,system:masters", f"{DEPLOYER}-token,{DEPLOYER},2"]
    (folder / "tokens.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    subprocess.run(["openssl", "genrsa", "-out", str(folder / "sa.key"), "2048"], check=True, capture_output=True)


@contextlib.contextmanager
def _started(line: list[str], folder: Path) -> Iterator[None]:
    with (folder / f"{Path(line[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)


def _wait_until_ready(cluster: RealCluster) -> None:
    """The API answers, and its own roles are there."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            cluster.ask("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin")
            return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _trusting() -> ssl.SSLContext:
    """The certificate is one that the API server has made for itself a moment ago."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
