"""The stub of these tests answers as a real kube-apiserver has answered (1.20.2; see tests/heavy/README.md)."""

from __future__ import annotations

import json

from kube_questions import ANSWERS, OBJECTS, Interview
from kube_stub import KubeStub, Request


def test_each_answer_is_the_real_server_s() -> None:
    stub = KubeStub()
    for kind, found in OBJECTS:
        stub.add(kind, found)

    answers = Interview(lambda one: stub.answer(Request(one.method, one.path, {}, one.sent, one.body))).answers()

    assert answers == json.loads(ANSWERS.read_text(encoding="utf-8"))
