"""The keys of `[provider]` for a load balancer, held against each other before AWS is asked anything."""

from __future__ import annotations

from typing import Any

import pytest

from migsafe.deploy.providers.aws_alb.settings import read_settings
from migsafe.deploy.tables import Table
from migsafe.errors import ConfigurationError

_AT = "arn:aws:elasticloadbalancing:eu-west-1:123456789012"
LISTENER = f"{_AT}:listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"
RULE = f"{_AT}:listener-rule/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee"
GROUP = f"{_AT}:targetgroup/web-green/943f017f100becff"
USUAL = {"listener": LISTENER, "blue": "web-blue", "green": GROUP}


def read(environ: dict[str, str] | None = None, **said: Any) -> Any:
    keys = {name: value for name, value in (USUAL | said).items() if value is not None}
    return read_settings(Table.of(keys), environ or {})


def test_the_least() -> None:
    found = read()
    assert (found.entry.region, found.entry.is_rule, found.blue, found.green) == ("eu-west-1", False, "web-blue", GROUP)
    assert (found.register, found.deregister, found.targets, found.endpoint_url) == ((), False, 1, None)


def test_a_rule_knows_its_listener() -> None:
    entry = read(listener=None, rule=RULE, region="eu-west-1").entry
    assert entry.is_rule
    assert entry.listener == LISTENER
    assert entry.balancer == f"{_AT}:loadbalancer/app/web/50dc6c495c0c9188"
    assert entry.metric_name == "app/web/50dc6c495c0c9188"


def test_what_is_registered_is_taken_out_again() -> None:
    assert read(register=["tag:app={version}"]).deregister
    assert not read(register=["i-0abc"], deregister=False).deregister


def test_an_address_beside_aws() -> None:
    assert read(endpoint_url="http://127.0.0.1:5000").endpoint_url == "http://127.0.0.1:5000"
    assert (
        read({"AWS_AT": "https://aws.example.com"}, endpoint_url="env:AWS_AT").endpoint_url == "https://aws.example.com"
    )


@pytest.mark.parametrize(("said", "message"), [
    ({"listener": None}, "needs either `listener` or `rule`"),
    ({"rule": RULE}, "has both `listener` and `rule`"),
    ({"listener": RULE}, "is no ARN of a listener"),
    ({"listener": None, "rule": LISTENER}, "is no ARN of a rule"),
    ({"listener": "web"}, "is no ARN of a listener"),
    ({"listener": LISTENER.replace("/app/", "/net/")}, "no Application Load Balancer's"),
    ({"region": "us-east-1"}, "us-east-1, but the listener is in eu-west-1"),
    ({"blue": None}, "blue: missing"),
    ({"blue": "web blue"}, "neither the ARN nor the name of a target group"),
    ({"blue": "-web"}, "neither the ARN nor the name"),
    ({"blue": "w" * 33}, "neither the ARN nor the name"),
    ({"green": GROUP.replace("eu-west-1", "us-east-1")}, "it is in us-east-1, but the load balancer is in eu-west-1"),
    ({"green": "web-blue"}, "blue and green are one target group"),
    ({"register": ["web-1"]}, "web-1 is no target"),
    ({"targets": 0}, "must be a whole number of 1 or more"),
    ({"endpoint_url": "http://10.0.0.1:5000"}, "may name only this machine"),
    ({"endpoint_url": "ftp://127.0.0.1"}, "no http address"),
    ({"stage_command": "launch {version}"}, "must be a list of texts"),
    ({"stage_command": ["launch", "{weight}"]}, "{weight} is no place that is filled in"),
    ({"timeout": "0s"}, "a program needs some time"),
    ({"greeen": "x"}, "greeen: no such key"),
])  # fmt: skip
def test_wrong_keys_are_named(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(**said)
    assert message in caught.value.message
    assert caught.value.message.startswith("deploy.toml")


def test_other_partitions() -> None:
    listener = LISTENER.replace("arn:aws:", "arn:aws-cn:").replace("eu-west-1", "cn-north-1")
    assert read(listener=listener, green="web-green").entry.region == "cn-north-1"


@pytest.mark.parametrize(("written", "meant"), [("listner", "listener"), ("rules", "rule")])
def test_the_entry_that_is_misspelled(written: str, meant: str) -> None:
    with pytest.raises(ConfigurationError, match="needs either `listener` or `rule`") as caught:
        read(**{"listener": None, written: LISTENER})
    assert caught.value.hint == f"{written} is there: did you mean {meant}?"
