"""Questions to a Kubernetes API, and what of the answers a deployment lives on: to hold the stub against a real one.

What a real server has answered is kept in `fixtures/deploy/kubernetes/answers.json`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from kube_scenes import deployment, rollout, service
from kube_stub import KINDS, NAMESPACE, Object

ANSWERS = Path(__file__).parents[1] / "fixtures" / "deploy" / "kubernetes" / "answers.json"

MERGE, STRATEGIC, JSON = (f"application/{kind}-patch+json" for kind in ("merge", "strategic-merge", "json"))
OLD_VERSION = {"metadata": {"resourceVersion": "1"}}


class Question(NamedTuple):
    """One request; a PATCH where there is a body.

    Attributes:
        of: the object's plural, and its name with a subresource behind it.
    """

    says: str
    of: tuple[str, str]
    body: Any = None
    sent: str = MERGE

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "PATCH"

    @property
    def path(self) -> str:
        kind = KINDS[self.of[0]]
        root = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.api_version}"
        return f"{root}/namespaces/{NAMESPACE}/{'/'.join(self.of)}"


SERVICE, DEPLOYMENT, ROLLOUT = ("services", "shop"), ("deployments", "web"), ("rollouts", "web")
ROLLOUT_STATUS = ("rollouts", "web/status")


def _container(name: str, image: str) -> Object:
    return {"spec": {"template": {"spec": {"containers": [{"name": name, "image": image}]}}}}


def _annotated(value: str | None) -> Object:
    return {"metadata": {"annotations": {"migsafe.dev/fence": value}}}


def _operation(op: str, path: str, value: Any) -> list[Object]:
    return [{"op": op, "path": path, "value": value}]


#: What is there before the first question.
OBJECTS = (("services", service("blue")), ("deployments", deployment("web")), ("rollouts", rollout()))
#: In this order: each finds what those before it have left.
QUESTIONS = (
    Question("an object that is not there", ("deployments", "none")),
    Question("one that is there", SERVICE),
    Question("another selector", SERVICE, {"spec": {"selector": {"part": "green"}}}),
    Question("the same selector again changes nothing", SERVICE, {"spec": {"selector": {"part": "green"}}}),
    Question("an old version, merged", SERVICE, OLD_VERSION),
    Question("an old version, as an operation", SERVICE, _operation("replace", "/metadata/resourceVersion", "1"), JSON),
    Question("a test that holds", SERVICE, _operation("test", "/spec/selector/part", "green"), JSON),
    Question("a test that fails", SERVICE, _operation("test", "/spec/selector/part", "red"), JSON),
    Question("a place that is not there", SERVICE, _operation("replace", "/spec/none/at-all", "x"), JSON),
    Question("the image of one of two containers", DEPLOYMENT, _container("web", "shop:v9"), STRATEGIC),
    Question("the same image again", DEPLOYMENT, _container("web", "shop:v9"), STRATEGIC),
    Question("an annotation, which is no change of the spec", DEPLOYMENT, _annotated("7")),
    Question("the annotation taken away", DEPLOYMENT, _annotated(None)),
    Question("a number of replicas", DEPLOYMENT, {"spec": {"replicas": 0, "paused": True}}),
    Question("an old version of what a controller writes", DEPLOYMENT, OLD_VERSION),
    Question("a custom kind has no strategic patch", ROLLOUT, {"spec": {"replicas": 1}}, STRATEGIC),
    Question("a custom kind, merged", ROLLOUT, {"spec": {"replicas": 1}}),
    Question("a status that comes by the front door stays away", ROLLOUT, {"status": {"abort": True}}),
    Question("a status by its own door", ROLLOUT_STATUS, {"status": {"abort": True, "pauseConditions": None}}),
    Question("a spec by the door of the status stays away", ROLLOUT_STATUS, {"spec": {"replicas": 9}}),
    Question("an old version of a custom kind", ROLLOUT, OLD_VERSION),
    Question("an old version by the door of the status", ROLLOUT_STATUS, OLD_VERSION),
)


class Answer(NamedTuple):
    """What of an answer a deployment lives on.

    Attributes:
        reason: of a refusal.
        message: of a refusal that migsafe reads or shows.
        parts: of an object: what the questions change.
        changes: of its spec, since it was first answered; None where the kind does not count them.
        is_changed: whether it has another version than in the answer before; None where a controller writes, too, and
            of custom kinds, of which 1.20 writes down who has sent a status that it does not take.
    """

    code: int
    reason: str | None = None
    message: str | None = None
    parts: Object | None = None
    changes: int | None = None
    is_changed: bool | None = None


#: A request, answered by a code and a body.
Server = Callable[[Question], tuple[int, Object]]


class Interview:
    """Asks one server, and remembers of each object what it was at first and a moment ago."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._generations: dict[str, int] = {}
        self._versions: dict[str, str] = {}

    def answers(self) -> dict[str, Object]:
        """What the server says to each question, as every server must say it; what is None is left out."""
        found = ((one.says, self._answer(one)._asdict()) for one in QUESTIONS)
        return {says: {name: part for name, part in answer.items() if part is not None} for says, answer in found}

    def _answer(self, question: Question) -> Answer:
        code, body = self._server(question)
        if code >= 400:
            # Of a body that does not fit, each version says it in other words.
            return Answer(int(code), body["reason"], None if code in {415, 422} else body["message"])
        kind, meta = question.of[0], body["metadata"]
        before = self._versions.get(kind)
        self._versions[kind] = meta["resourceVersion"]
        return Answer(
            int(code),
            parts=_parts(body),
            changes=self._changes(kind, meta) if kind != "services" else None,
            is_changed=meta["resourceVersion"] != before if kind == "services" else None,
        )

    def _changes(self, kind: str, meta: Object) -> int:
        return int(meta["generation"]) - self._generations.setdefault(kind, int(meta["generation"]))


def _parts(found: Object) -> Object:
    spec = found["spec"]
    containers = spec.get("template", {}).get("spec", {}).get("containers", [])
    return {
        "name": found["metadata"]["name"],
        "fence": found["metadata"].get("annotations", {}).get("migsafe.dev/fence"),
        "selector": spec["selector"],
        "replicas": spec.get("replicas"),
        "images": [one["image"] for one in containers],
        "abort": found.get("status", {}).get("abort"),
    }
