"""What stands in for AWS: something in memory, and a server on this machine; and a load balancer for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alb_sites import Network, Scripted, ScriptedServer, Site

_IN_MEMORY: Network = ("vpc-1", ("subnet-1", "subnet-2"))


@pytest.fixture(scope="session")
def server() -> Iterator[tuple[ScriptedServer, Network]]:
    """A server over HTTP; with a VPC and two subnets, as load balancers want them."""
    pytest.importorskip("boto3", reason="boto3 is not installed")
    moto = pytest.importorskip("moto.server", reason="moto is not installed, or flask for its server")
    from alb_sites import REGION, ScriptedServer, make_network

    running = moto.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "stand-in")
        aws = ScriptedServer(REGION, f"http://{host}:{port}")
        aws.forget()
        yield aws, make_network(aws)
        aws.close()
    running.stop()


@pytest.fixture
def on_server(server: tuple[ScriptedServer, Network]) -> Callable[..., Site]:
    """Makes load balancers on the server; takes what is special about their target groups."""
    return _maker(*server)


@pytest.fixture(params=["memory", pytest.param("server", marks=pytest.mark.endurance)])
def make_site(request: pytest.FixtureRequest) -> Callable[..., Site]:
    """The same, in memory and (by hand) on the server."""
    pytest.importorskip("boto3", reason="boto3 is not installed")
    if request.param == "server":
        made: Callable[..., Site] = request.getfixturevalue("on_server")
        return made
    from alb_sites import ScriptedMemory

    return _maker(ScriptedMemory(), _IN_MEMORY)


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """A load balancer on which blue holds 1.0."""
    return make_site()


def _maker(aws: Scripted, network: Network) -> Callable[..., Site]:
    from alb_sites import Site

    aws.forget()
    return lambda **group: Site.make(aws, *network, **group)
