"""A Kubernetes API of our own, for the real kubectl: as much of it as a deployment needs, and no more.

What it answers is what kube-apiserver 1.20.2 answers, and `tests/integration/deploy/test_real_cluster.py` holds it to
that: a missing object is a Status 404, a write with an old resourceVersion a Status 409, a missing right a 403 that
names verb, resource and user; a write that changes nothing keeps the resourceVersion; the generation counts changes of
the spec alone, of a Deployment its annotations', too; `/status` takes the status alone; a strategic patch merges
containers by name, and is refused (415) where the kind is a custom one.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

from kube_patches import BadPatch, apply_patch

Object = dict[str, Any]

NAMESPACE = "shop"


class Kind(NamedTuple):
    """A kind of objects, and where the API keeps it."""

    plural: str
    kind: str
    group: str
    version: str
    custom: bool = False

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def full_name(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


KINDS = {
    kind.plural: kind
    for kind in (
        Kind("pods", "Pod", "", "v1"),
        Kind("services", "Service", "", "v1"),
        Kind("deployments", "Deployment", "apps", "v1"),
        Kind("replicasets", "ReplicaSet", "apps", "v1"),
        Kind("rollouts", "Rollout", "argoproj.io", "v1alpha1", custom=True),
        Kind("selfsubjectaccessreviews", "SelfSubjectAccessReview", "authorization.k8s.io", "v1"),
    )
}


class Request(NamedTuple):
    """What a client asked for."""

    method: str
    path: str
    query: dict[str, str]
    content_type: str
    body: Any


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, code: int, reason: str, message: str, **details: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "details": details,
            "code": code,
        }


class KubeStub:
    """The objects of one cluster, and its API.

    Attributes:
        denied: pairs of verb and resource (`patch`, `deployments` or `rollouts/status`) that the user has no right to.
        kinds: the plurals that the API knows; take one out, and it was never installed.
        before_write: is called once, before the next write is looked at: what somebody else does in between.
        writes: each write that was let through, in its order.
        login_holds: else every answer is a 401. (kubectl sends no token where there is no TLS.)
    """

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Object] = {}
        self.denied: set[tuple[str, str]] = set()
        self.kinds = dict(KINDS)
        self.before_write: Callable[[], None] | None = None
        self.writes: list[Request] = []
        self.login_holds = True
        self._version = 100
        self._changed = threading.Condition(threading.RLock())
        self._events: list[tuple[str, Object]] = []

    # -- objects, as tests and controllers have them --------------------------------------------------------------

    def add(self, plural: str, new: Object) -> Object:
        """A new object, with what the API gives it."""
        with self._changed:
            kind = KINDS[plural]
            made = {"apiVersion": kind.api_version, "kind": kind.kind, **copy.deepcopy(new)}
            meta = made.setdefault("metadata", {})
            meta.update(namespace=NAMESPACE, uid=f"uid-{plural}-{meta['name']}", generation=1)
            self.objects[plural, meta["name"]] = made
            self._touch(made, "ADDED")
            return made

    def alone(self) -> AbstractContextManager[object]:
        """Nobody else reads or writes meanwhile: what a controller sees and what it writes are one act."""
        return self._changed

    @property
    def version(self) -> int:
        """Counts every change."""
        return self._version

    def get(self, plural: str, name: str) -> Object:
        """The object itself; change it with `edit`."""
        return self.objects[plural, name]

    def all(self, plural: str) -> list[Object]:
        return [found for (kind, _), found in list(self.objects.items()) if kind == plural]

    def edit(self, plural: str, name: str, change: Callable[[Object], object]) -> Object:
        """Change an object; one that changes nothing leaves no trace, as in the API."""
        with self._changed:
            old = self.objects[plural, name]
            new = copy.deepcopy(old)
            change(new)
            return self._put(plural, old, new)

    def remove(self, plural: str, name: str) -> None:
        with self._changed:
            gone = self.objects.pop((plural, name))
            self._touch(gone, "DELETED")

    def _put(self, plural: str, old: Object, new: Object) -> Object:
        if new == old:
            return old
        if _counted(plural, new) != _counted(plural, old):
            new["metadata"]["generation"] = old["metadata"]["generation"] + 1
        self.objects[plural, new["metadata"]["name"]] = new
        self._touch(new, "MODIFIED")
        return new

    def _touch(self, changed: Object, event: str) -> None:
        self._version += 1
        changed["metadata"]["resourceVersion"] = str(self._version)
        self._events.append((event, copy.deepcopy(changed)))
        self._changed.notify_all()

    # -- the API --------------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> tuple[int, Object]:
        """One request."""
        try:
            with self._changed:
                if not self.login_holds:
                    raise Refused(401, "Unauthorized", "Unauthorized")
                return HTTPStatus.OK, self._route(request)
        except Refused as refused:
            return refused.code, refused.status

    def _route(self, request: Request) -> Object:
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        if (found := self._discovery(parts)) is not None:
            return found
        rest = parts[2:] if parts[0] == "api" else parts[3:]
        if rest[:1] == ["namespaces"]:
            if rest[1] != NAMESPACE:  # kubectl asks for the namespace itself where an object was not found
                raise Refused(404, "NotFound", f'namespaces "{rest[1]}" not found', name=rest[1], kind="namespaces")
            if len(rest) == 2:
                return {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": NAMESPACE}}
            rest = rest[2:]
        if not rest or rest[0] not in self.kinds:
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        kind, name, sub = self.kinds[rest[0]], *(*rest[1:3], "", "")[:2]
        if kind.plural == "selfsubjectaccessreviews":
            return self._review(request.body)
        self._authorise(request, kind, name, sub)
        if request.method == "GET":
            return self._read(kind, name) if name else self._list(kind, request.query)
        if request.method == "PATCH":
            return self._patch(kind, name, sub, request)
        raise Refused(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")

    def _discovery(self, parts: list[str]) -> Object | None:
        groups = {kind.group: kind.version for kind in self.kinds.values() if kind.group}
        match parts:
            case ["version"]:
                return {"major": "1", "minor": "32", "gitVersion": "v1.32.0"}
            case ["api"]:
                return {"kind": "APIVersions", "versions": ["v1"]}
            case ["apis"]:
                return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*one) for one in groups.items()]}
            case ["api", "v1"]:
                return self._resources("", "v1")
            case ["apis", group, version] if groups.get(group) == version:
                return self._resources(group, version)
        return None

    def _resources(self, group: str, version: str) -> Object:
        kinds = [kind for kind in self.kinds.values() if kind.group == group]
        verbs = ["get", "list", "patch", "watch", "create"]
        listed = [
            {"name": one.plural + sub, "kind": one.kind, "namespaced": "reviews" not in one.plural, "verbs": verbs}
            for one in kinds
            for sub in ("", "/status")
        ]
        name = f"{group}/{version}" if group else version
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": listed}

    def _authorise(self, request: Request, kind: Kind, name: str, sub: str) -> None:
        verb = {"GET": "get" if name else "list", "PATCH": "patch"}.get(request.method, "create")
        resource = f"{kind.plural}/{sub}" if sub else kind.plural
        if (verb, resource) in self.denied:
            group = f' in API group "{kind.group}"'
            subject = f'{kind.full_name} "{name}"' if name else kind.full_name
            message = (
                f'{subject} is forbidden: User "deployer" cannot {verb} resource "{resource}"{group} '
                f'in the namespace "{NAMESPACE}"'
            )
            raise Refused(403, "Forbidden", message, name=name, group=kind.group, kind=kind.plural)

    def _review(self, body: Object) -> Object:
        asked = body["spec"]["resourceAttributes"]
        resource = asked["resource"] + (f"/{asked['subresource']}" if asked.get("subresource") else "")
        return {**body, "status": {"allowed": (asked["verb"], resource) not in self.denied}}

    def _read(self, kind: Kind, name: str) -> Object:
        if (kind.plural, name) not in self.objects:
            raise Refused(
                404, "NotFound", f'{kind.full_name} "{name}" not found', name=name, group=kind.group, kind=kind.plural
            )
        return self.objects[kind.plural, name]

    def _list(self, kind: Kind, query: dict[str, str]) -> Object:
        wanted = selector(query.get("labelSelector", ""))
        named = query.get("fieldSelector", "").removeprefix("metadata.name=")
        items = [
            one
            for one in self.all(kind.plural)
            if wanted(one["metadata"].get("labels", {})) and named in {"", one["metadata"]["name"]}
        ]
        meta = {"resourceVersion": str(self._version)}
        return {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": meta, "items": items}

    def _patch(self, kind: Kind, name: str, sub: str, request: Request) -> Object:
        if self.before_write is not None:
            hook, self.before_write = self.before_write, None
            hook()
        old = self._read(kind, name)
        if kind.custom and "strategic" in request.content_type:
            raise Refused(415, "UnsupportedMediaType", "the body of the request was in an unknown format")
        try:
            new = apply_patch(old, request.body, request.content_type)
        except BadPatch as bad:
            raise Refused(
                422, "Invalid", f"the server rejected our request due to an error in our request: {bad}"
            ) from bad
        if new["metadata"]["resourceVersion"] != old["metadata"]["resourceVersion"]:
            message = (
                f'Operation cannot be fulfilled on {kind.full_name} "{name}": the object has been modified; '
                "please apply your changes to the latest version and try again"
            )
            raise Refused(409, "Conflict", message, name=name, group=kind.group, kind=kind.plural)
        kept = "spec" if sub == "status" else "status"
        new.pop(kept, None)
        if kept in old:
            new[kept] = old[kept]
        self.writes.append(request)
        return self._put(kind.plural, old, new)

    def watch(self, request: Request, since: int) -> Iterator[Object]:
        """What happens to a kind's objects from a version on, until nothing has for a while."""
        plural = request.path.rsplit("/", 1)[-1]
        named = request.query.get("fieldSelector", "").removeprefix("metadata.name=")
        at = 0
        while True:
            with self._changed:
                if at >= len(self._events) and not self._changed.wait(timeout=10):
                    return
                fresh, at = self._events[at:], len(self._events)
            for event, found in fresh:
                meta = found["metadata"]
                if (
                    found["kind"] == KINDS[plural].kind
                    and named in {"", meta["name"]}
                    and since < int(meta["resourceVersion"])
                ):
                    yield {"type": event, "object": found}


def _body(raw: bytes, content_type: str) -> Any:
    """What was sent: JSON, or the review of rights that kubectl sends as protobuf (k8s.io/api, generated.proto)."""
    if "protobuf" not in content_type:
        return json.loads(raw)
    review = _protobuf(_protobuf(raw.removeprefix(b"k8s\0"))[2])
    attributes = _protobuf(_protobuf(review[2])[1])
    names = {1: "namespace", 2: "verb", 3: "group", 5: "resource", 6: "subresource", 7: "name"}
    asked = {name: attributes.get(number, b"").decode() for number, name in names.items()}
    kind = {"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1"}
    return {**kind, "metadata": {}, "spec": {"resourceAttributes": asked}}


def _protobuf(data: bytes) -> dict[int, bytes]:
    """The fields of a message that has texts and messages alone, all of them shorter than 16 kB."""
    fields, at = {}, 0
    while at < len(data):
        number, size, at = data[at] >> 3, data[at + 1], at + 2
        if size > 0x7F:
            size, at = size & 0x7F | data[at] << 7, at + 1
        fields[number], at = data[at : at + size], at + size
    return fields


def _counted(plural: str, found: Object) -> Object:
    """What the generation counts changes of: the spec; of a Deployment its annotations too."""
    annotations = found["metadata"].get("annotations") if plural == "deployments" else None
    return {"spec": found.get("spec"), "annotations": annotations or {}}


def _group(name: str, version: str) -> Object:
    versions = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [versions], "preferredVersion": versions}


def selector(text: str) -> Callable[[dict[str, str]], bool]:
    """`a=b,c in (d,e)` as a test of labels."""
    terms: list[tuple[str, set[str]]] = []
    for term in filter(None, _terms(text)):
        key, _, values = term.partition(" in ") if " in " in term else term.partition("=")
        terms.append((key.strip(), {value.strip() for value in values.strip("=() ").split(",")}))
    return lambda labels: all(labels.get(key) in values for key, values in terms)


def _terms(text: str) -> Iterator[str]:
    """The terms between the commas, but for those in brackets."""
    depth, term = 0, ""
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            yield term
            term = ""
        else:
            term += letter
    yield term


class KubeServer:
    """A stub behind a port of 127.0.0.1, and the kubeconfig that leads to it."""

    def __init__(self, stub: KubeStub) -> None:
        self.stub = stub
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stub))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def write_config(self, path: Path) -> Path:
        """A kubeconfig with one context, `test`."""
        user = {"name": "deployer", "user": {"token": "s3cr3t"}}
        cluster = {"name": "stub", "cluster": {"server": self.url}}
        context = {"name": "test", "context": {"cluster": "stub", "user": "deployer"}}
        config = {"apiVersion": "v1", "kind": "Config", "clusters": [cluster], "users": [user], "contexts": [context]}
        path.write_text(json.dumps(config), encoding="utf-8")
        return path


def _handler(stub: KubeStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            sent = self.headers.get("Content-Type", "")
            request = Request(self.command, parts.path, query, sent, _body(raw, sent) if raw else None)
            if "sendInitialEvents" in query:  # a server of that age does not know it; kubectl lists first then
                self._send(422, Refused(422, "Invalid", "sendInitialEvents is forbidden").status)
            elif query.get("watch") in {"1", "true"}:
                self._stream(request)
            else:
                self._send(*stub.answer(request))

        def _send(self, code: int, body: Object) -> None:
            data = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _stream(self, request: Request) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            try:
                for event in stub.watch(request, int(request.query.get("resourceVersion") or 0)):
                    self.wfile.write(json.dumps(event).encode() + b"\n")
                    self.wfile.flush()
            except OSError:
                return

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    return Handler
