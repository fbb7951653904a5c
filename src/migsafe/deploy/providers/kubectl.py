"""kubectl, the program: how a cluster is asked and changed. Logins and contexts are its business, and so not ours.

There is no shell; context, namespace and time limit are always said, so that nothing depends on what a person used
last. What kubectl says is passed on in one line, without anything that looks like a credential.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.deploy.tables import Table

#: An object of the cluster, as its JSON is.
Object = Mapping[str, Any]

#: `--subresource` of get and patch is there since this one (its release notes).
OLDEST = (1, 24)

#: Seconds that kubectl may take beside the request itself: a login program, the discovery of kinds.
_BESIDE = 30.0

#: The names that kubectl cannot mistake for another group's.
_REFERENCES = {
    "Deployment": "deployments.apps",
    "ReplicaSet": "replicasets.apps",
    "Rollout": "rollouts.argoproj.io",
    "Service": "services",
    "Pod": "pods",
}

_SERVER_SAID = re.compile(r"Error from server(?: \((?P<reason>\w+)\))?: (?P<said>.+)", re.DOTALL)
_RIGHT = re.compile(r'User "(?P<user>[^"]*)" cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)"')
#: A line of its log, and those that go on with it.
_LOG_LINE = re.compile(r"[EWIF]\d{4} [\d:.]+ |\s|>")
_BEGINNINGS = ("Error from server", "error: ", "Unable to connect", "The connection to the server")
_NOT_ANSWERING = re.compile(
    r"Unable to connect|connection to the server|connection refused|dial tcp|i/o timeout|no such host|deadline exceeded"
    r"|TLS handshake|request canceled|Client\.Timeout|currently unable to handle|unexpected EOF"
    r"|couldn't get current server API",
    re.IGNORECASE,
)
_NO_LOGIN = re.compile(r"Unauthorized|logged in to the server|provide credentials|getting credentials", re.IGNORECASE)
_AWAY_REASONS = {"InternalError", "ServiceUnavailable", "Timeout", "ServerTimeout", "TooManyRequests"}
_SECRETS = re.compile(
    r"(?P<kept>Bearer\s+|Basic\s+|(?:token|password|passwd|secret|key)[\"']?\s*[=:]\s*[\"']?|//[^\s/:@]+:)[^\s\"'@,]+"
    r"|eyJ[\w-]{8,}(?:\.[\w-]+)*",
    re.IGNORECASE,
)


class ClusterRefusedError(EnvironmentFailedError):
    """The cluster said no; nothing was changed."""


class NotThereError(ClusterRefusedError):
    """An object, or a kind of objects, does not exist."""


class ForbiddenError(ClusterRefusedError):
    """The login lacks a right."""


class ConflictError(ClusterRefusedError):
    """An object has changed since it was read."""


class ClusterAwayError(EnvironmentFailedError):
    """The cluster does not answer; whether a write has reached it, only a look can tell."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A change of an object.

    Attributes:
        kind: `merge` for an object of changes, `json` for a list of operations.
        subresource: `status`, or None for the object itself.
    """

    kind: Literal["merge", "json"]
    body: Any
    subresource: str | None = None


def find_kubectl(named: Path | None, environ: Mapping[str, str]) -> str:
    """Where kubectl is.

    Args:
        named: what the configuration says; None for the one on PATH.

    Raises:
        EnvironmentFailedError: when there is none.
    """
    if named is not None:
        if not (named.is_file() and os.access(named, os.X_OK)):
            raise EnvironmentFailedError(
                f"{named} is no program that can be run", hint="kubectl = in [provider] says where kubectl is"
            )
        return str(named)
    found = shutil.which("kubectl", path=environ.get("PATH"))
    if found is None:
        raise EnvironmentFailedError(
            "kubectl is not on PATH",
            hint="see https://kubernetes.io/docs/tasks/tools, or say where it is: kubectl = in [provider]",
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubectl:
    """One namespace of one cluster.

    Attributes:
        timeout_s: how long one request may take, in seconds.
        environ: what kubectl is started with; KUBECONFIG is its business.

    All of its calls raise `ClusterAwayError`, and the kinds of `ClusterRefusedError` that their docstrings name.
    """

    program: str
    context: str
    namespace: str
    timeout_s: float = 30.0
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def find(self, *references: str) -> dict[str, Object]:
        """The objects of these names (`deployments.apps/web`), as far as they exist.

        Raises:
            NotThereError: when the cluster does not know a kind of them.
            ForbiddenError: when they may not be read.
        """
        found = _objects(self._run("get", *references, "--ignore-not-found", "-o", "json"))
        return {_reference(one): one for one in found}

    def select(self, kinds: str, labels: str) -> list[Object]:
        """All objects of some kinds that have these labels.

        Args:
            kinds: `replicasets.apps,pods`.
            labels: as `--selector` takes them.
        """
        return _objects(self._run("get", kinds, "--selector", labels, "-o", "json"))

    def patch(self, reference: str, patch: Patch) -> Object:
        """Change an object, and return it as it is then.

        The change goes through standard input: a pod's template may have what no list of processes should show.

        Raises:
            NotThereError, ForbiddenError, ConflictError: nothing was changed.
        """
        inside = ["--subresource", patch.subresource] if patch.subresource else []
        how = ["--type", patch.kind, "--patch-file", "/dev/stdin"]
        said = self._run("patch", reference, *inside, *how, "-o", "json", feed=json.dumps(patch.body))
        return _objects(said)[0]

    def may(self, verb: str, reference: str, subresource: str | None = None) -> bool:
        """Whether the login has a right; asks, and tries nothing."""
        inside = ["--subresource", subresource] if subresource else []
        done = self._start(self._line("auth", "can-i", verb, reference, *inside))
        answer = done.stdout.split(maxsplit=1)[:1]  # a reason may follow
        if answer in (["yes"], ["no"]):
            return answer == ["yes"]
        raise self._failure(done.stderr)

    def version(self) -> tuple[int, int]:
        """kubectl's own version, without asking the cluster."""
        done = self._start([self.program, "version", "--client", "-o", "json"])
        try:
            found = json.loads(done.stdout)["clientVersion"]
            return int(found["major"]), int(re.sub(r"\D.*", "", found["minor"]))
        except (ValueError, KeyError, TypeError):
            raise EnvironmentFailedError(f"{self.program} does not say which version it is: is it kubectl?") from None

    def _run(self, *arguments: str, feed: str = "") -> str:
        done = self._start(self._line(*arguments), feed)
        if done.returncode != 0:
            raise self._failure(done.stderr)
        return done.stdout

    def _line(self, *arguments: str) -> list[str]:
        limits = ["--context", self.context, "-n", self.namespace, f"--request-timeout={self.timeout_s:g}s"]
        return [self.program, *limits, *arguments]

    def _start(self, line: list[str], feed: str = "") -> subprocess.CompletedProcess[str]:
        """Run it in a session of its own: a Ctrl-C is for migsafe, which ends what it has begun."""
        seconds = self.timeout_s + _BESIDE
        try:
            return complete(line, feed, {**self.environ, "LC_ALL": "C"}, seconds)
        except subprocess.TimeoutExpired:
            raise ClusterAwayError(
                f"kubectl has not come back within {seconds:g} seconds (context {self.context})",
                hint="does its login program wait for somebody?",
            ) from None
        except OSError as error:
            raise EnvironmentFailedError(f"{self.program} cannot be started: {error.strerror}") from None

    def _failure(self, stderr: str) -> EnvironmentFailedError:
        return read_failure(stderr, self.context, self.namespace)


def complete(
    line: list[str], feed: str, environ: Mapping[str, str], timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """A program's end, with all that it has said. Where it does not end, its login program is ended with it.

    Args:
        feed: its standard input.

    Raises:
        subprocess.TimeoutExpired: when its time is over.
        OSError: when it cannot be started.
    """
    with subprocess.Popen(  # noqa: S603  # no shell, and a resolved program
        line,
        env=dict(environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            printed, said = process.communicate(feed, timeout=timeout_s)
        except BaseException:
            _kill_all(process)
            raise
        return subprocess.CompletedProcess(line, process.returncode, printed, said)


def _kill_all(process: subprocess.Popen[str]) -> None:
    """It, and what it has begun."""
    if sys.platform == "win32":
        process.kill()
        return
    with suppress(ProcessLookupError, PermissionError):  # macOS says the second of a group of zombies
        os.killpg(process.pid, signal.SIGKILL)


def read_kubectl(table: Table, environ: Mapping[str, str]) -> Kubectl:
    """The keys `context`, `namespace`, `timeout` and `kubectl`; the program is looked for, and not started.

    Raises:
        ConfigurationError: when one is missing or wrong.
        EnvironmentFailedError: when there is no kubectl.
    """
    names = {key: table.text(key) for key in ("context", "namespace")}
    for key, name in names.items():
        if name.startswith("-"):
            raise table.error(key, f"{name} is no name")
    timeout_s = table.duration_s("timeout", 30.0)
    if timeout_s < 1:
        raise table.error("timeout", "a request takes a second at least")
    program = find_kubectl(table.path("kubectl", None), environ)
    return Kubectl(program=program, timeout_s=timeout_s, environ=environ, **names)


def read_failure(stderr: str, context: str, namespace: str) -> EnvironmentFailedError:
    """What kubectl's complaint means, in one line and without credentials."""
    said = _complaint(stderr)
    matched = _SERVER_SAID.match(said)
    reason, words = (matched["reason"], matched["said"]) if matched else (None, said.removeprefix("error: "))
    match reason:
        case "NotFound":
            return NotThereError(f"{words} (namespace {namespace}, context {context})")
        case "Forbidden":
            return _forbidden(words, namespace)
        case "Conflict":
            return ConflictError(words)
    if "the server doesn't have a resource type" in words or "no matches for kind" in words:
        return NotThereError(f"{words} (context {context})")
    if _NO_LOGIN.search(said):
        return ForbiddenError(f"the cluster of context {context} does not accept the login: {words}")
    if re.search(r"context.* (does not exist|was not found)|no context exists", words):
        return EnvironmentFailedError(
            f"kubectl knows no context {context}", hint="kubectl config get-contexts lists those that it knows"
        )
    if reason in _AWAY_REASONS or _NOT_ANSWERING.search(words):
        return ClusterAwayError(
            f"the cluster of context {context} does not answer: {words}", hint=f"kubectl --context {context} version"
        )
    return ClusterRefusedError(f"kubectl: {words or 'failed without a word'}")


def _forbidden(words: str, namespace: str) -> ForbiddenError:
    right = _RIGHT.search(words)
    if right is None:
        return ForbiddenError(words)
    return ForbiddenError(
        f"{right['user']} has no right to {right['verb']} {right['resource']} in namespace {namespace}",
        hint="the manual's page of the provider has all rights that are needed, as a manifest",
    )


def _complaint(stderr: str) -> str:
    """The line that says what is wrong: among a log for those who maintain kubectl, and advice of several lines."""
    lines = [line for line in stderr.splitlines() if line.strip() and not _LOG_LINE.match(line)]
    begun = next((line for line in lines if line.startswith(_BEGINNINGS)), None)
    said = begun or next((line for line in reversed(lines) if not line.startswith("Warning:")), "")
    return _SECRETS.sub(lambda found: f"{found['kept'] or ''}***", said.strip())


def _objects(text: str) -> list[Object]:
    """One object, a list of them, or nothing."""
    if not text.strip():
        return []
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise EnvironmentFailedError("kubectl printed something that is no object in JSON")
    return list(read["items"]) if read.get("kind") == "List" else [read]


def _reference(found: Object) -> str:
    return f"{_REFERENCES[found['kind']]}/{found['metadata']['name']}"
