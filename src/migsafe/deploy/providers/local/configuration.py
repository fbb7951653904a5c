"""haproxy.cfg: as HAProxy is to begin, with the weights as they are now, so that it begins again as it ended."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.deploy.providers.local.socket import NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.deploy.providers.local.settings import LocalSettings

BACKEND = "app"
FILE = "haproxy.cfg"
#: Where nothing ever listens: the port of a server that has no instance.
NOWHERE = 1

# `retries`: one for each server that may have died in the same moment, so that a client sees none of it.
# `noreuseport`: a second HAProxy on the same port fails, where it else would silently take half of the requests.
# `idle-close-on-response`: a HAProxy that is replaced answers on each connection once more before it closes it.
# `disable-l7-retry`: an order that was sent is not sent twice; only what was not sent yet goes to another instance.
_TEXT = """\
# Written by migsafe; it is written anew with each change.
global
  stats socket unix@{socket} mode 600 level admin expose-fd listeners
  stats timeout 10s
  maxconn 4000
  no strict-limits
  noreuseport
  hard-stop-after {patience_ms}ms

defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout queue 5s
  timeout tunnel 1h
  timeout check 2s
  timeout http-request 10s
  option idle-close-on-response
  retries 10
  option redispatch 1
  retry-on conn-failure empty-response

frontend front
  bind {listen}
  option forwardfor
  http-request disable-l7-retry if !METH_GET
  default_backend {backend}

backend {backend}
  balance roundrobin
  option httpchk
  http-check send meth GET uri '{readiness}' ver HTTP/1.1 hdr Host localhost
  http-check expect status 200-299
  default-server check inter 200ms downinter 100ms fastinter 100ms fall 3 rise 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLine:
    """One server of the configuration."""

    name: str
    port: int = NOWHERE
    weight: int = 0


def configuration(settings: LocalSettings, servers: Sequence[ServerLine]) -> str:
    """The text of haproxy.cfg."""
    text = _TEXT.format(
        socket=NAME,
        listen=settings.listen,
        readiness=settings.readiness,
        backend=BACKEND,
        patience_ms=round(1000 * (settings.drain_s + 1)),
    )
    lines = (f"  server {one.name} 127.0.0.1:{one.port} weight {one.weight}\n" for one in servers)
    return text + "".join(lines)


def shape(settings: LocalSettings, servers: Sequence[ServerLine]) -> str:
    """What of it cannot be changed while HAProxy runs, as a mark."""
    bare = [replace(one, port=NOWHERE, weight=0) for one in servers]
    return hashlib.sha256(configuration(settings, bare).encode()).hexdigest()[:16]
