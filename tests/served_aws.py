"""Load balancers for commands in processes of their own: a server that stands in for AWS, with targets that warm up.

Unlike AWS, that server has every target healthy at once; here one is `initial` when it is looked at first.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from moto.elbv2.models import FakeHealthStatus, FakeTargetGroup
from moto.server import ThreadedMotoServer

from alb_sites import REGION, Network, ScriptedServer, Site, make_network
from killed_rollouts import Told
from migsafe.deploy.words import Observed

#: How often a new target is looked at before it is healthy.
_LOOKS = 2
_KEYS = {"AWS_ACCESS_KEY_ID": "stand-in", "AWS_SECRET_ACCESS_KEY": "stand-in"}
_OLD, _NEW = "10.0.0.4", "10.0.0.5"


@dataclass(frozen=True, slots=True)
class ServedBalancer:
    """A canary over two target groups; v1 is on the blue one."""

    site: Site
    variables: Mapping[str, str]

    @property
    def told(self) -> Told:
        """A new version has a target of its own, which leaves with it."""
        keys = {"listener": self.site.listener, "blue": self.site.name("blue"), "green": self.site.groups["green"],
                "register": [_NEW]}  # fmt: skip
        return Told("canary", "aws-alb", keys, (5, 50, 100))

    def shown(self) -> Observed:
        """What its provider shows."""
        return self.site.provider(register=(_NEW,), deregister=True).observe()


@contextmanager
def served_aws(folder: Path) -> Iterator[Callable[[Path], AbstractContextManager[ServedBalancer]]]:
    """The server, until the context ends; what it gives makes a load balancer in it."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # not each request
    running = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    running.start()
    url = "http://{}:{}".format(*running.get_host_and_port())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeTargetGroup, "health_for", _warming_up(FakeTargetGroup.health_for))
        patch.delenv("AWS_PROFILE", raising=False)
        for name, value in _KEYS.items():
            patch.setenv(name, value)
        aws = ScriptedServer(REGION, url)
        aws.forget()
        yield partial(_balancer, aws, make_network(aws), _login(folder, url))
        aws.close()
    running.stop()


@contextmanager
def _balancer(
    aws: ScriptedServer, network: Network, variables: Mapping[str, str], folder: Path
) -> Iterator[ServedBalancer]:
    site = Site.make(aws, *network)
    aws.forget()
    site.call("RegisterTargets", TargetGroupArn=site.groups["blue"], Targets=[{"Id": _OLD}])
    site.tag("blue", "migsafe:version", "v1")
    yield ServedBalancer(site, variables)


def _login(folder: Path, url: str) -> dict[str, str]:
    """What leads a command there, whoever runs the tests."""
    profile = folder / "credentials"
    profile.write_text("[default]\n")
    files = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), str(profile))
    return {"AWS_ENDPOINT_URL": url, "AWS_PROFILE": "default", **files, **_KEYS}


def _warming_up(real: Callable[..., FakeHealthStatus]) -> Callable[..., FakeHealthStatus]:
    looks: Counter[tuple[str, str]] = Counter()

    def health_for(group: FakeTargetGroup, target: dict[str, Any], ec2: Any) -> FakeHealthStatus:
        found = real(group, target, ec2)
        looks[group.arn, found.instance_id] += 1
        if found.status == "healthy" and looks[group.arn, found.instance_id] <= _LOOKS:
            found.status, found.reason = "initial", "Elb.RegistrationInProgress"
        return found

    return health_for
