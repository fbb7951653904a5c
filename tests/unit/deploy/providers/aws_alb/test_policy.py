"""The page for load balancers has the policy that it takes, and the keys that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path

from migsafe.deploy.checks import cloudwatch
from migsafe.deploy.providers.aws_alb import balancer

PAGE = (Path(__file__).parents[5] / "docs" / "deploy-aws-alb.md").read_text(encoding="utf-8")
SERVICES = {"_ELB": "elasticloadbalancing", "_EC2": "ec2", '"cloudwatch"': "cloudwatch"}


def test_the_least_policy_is_what_is_asked_for() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    granted = {action for statement in json.loads(text)["Statement"] for action in statement["Action"]}
    source = "".join(Path(module.__file__).read_text(encoding="utf-8") for module in (balancer, cloudwatch))
    asked = re.findall(r'(_ELB|_EC2|"cloudwatch"), "([A-Z]\w+)"', source) + [
        ("_ELB", name) for name in re.findall(r'_one\("([A-Z]\w+)"', source)
    ]
    assert granted == {f"{SERVICES[service]}:{operation}" for service, operation in asked}


def test_each_key_is_explained() -> None:
    settings = (Path(balancer.__file__).parent / "settings.py").read_text(encoding="utf-8")
    keys = set(re.findall(r'table, "(\w+)"|table\.\w+\(\s*"(\w+)"', settings))
    for key in {one for pair in keys for one in pair if one}:
        assert f"`{key}`" in PAGE
