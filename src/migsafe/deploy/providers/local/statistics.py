"""What HAProxy says of its servers: `show stat`, read."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.deploy.words import Counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ANSWERS = ("hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server, as HAProxy sees it now.

    Attributes:
        is_up: it has passed a check since it was last told to be down, and none has failed since.
        is_held: somebody has told HAProxy by hand to drain it, or to leave it alone.
        weight: as it is set, whether the server is up or not.
        refusal: what its readiness probe answered last, where it answered that it is not ready; 0 where it did not.
        port: which it is asked at.
        open_requests: that it has not answered yet.
        counts: since this HAProxy began.
    """

    name: str
    is_up: bool
    is_held: bool
    weight: int
    refusal: int
    port: int
    open_requests: int
    counts: Counts


def read_statistics(text: str, backend: str) -> dict[str, Server]:
    """The servers of a backend, by name.

    Args:
        text: the answer to `show stat`.
    """
    rows = csv.DictReader(io.StringIO(text.removeprefix("# ")))
    ours = (row for row in rows if row["pxname"] == backend and row["svname"] not in {"BACKEND", "FRONTEND"})
    return {row["svname"]: _server(row) for row in ours}


def _server(row: Mapping[str, str]) -> Server:
    return Server(
        name=row["svname"],
        is_up=row["status"].startswith("UP") and row["check_status"].removeprefix("* ") == "L7OK",
        is_held=row["status"].startswith(("DRAIN", "MAINT")),
        weight=_number(row, "uweight") if row.get("uweight") else _number(row, "weight"),
        refusal=_number(row, "check_code") if row["check_status"].removeprefix("* ") == "L7STS" else 0,
        port=int(row["addr"].rpartition(":")[2] or 0),
        open_requests=_number(row, "scur") + _number(row, "qcur"),
        counts=_counts(row),
    )


def _counts(row: Mapping[str, str]) -> Counts:
    """The failures of one server, those too that nobody has seen; measured with 2.6 and 2.8.

    All of them count on the server that failed, never on the one that answered in its place: `wredis` a connection that
    was refused; `wretr` an answer that did not come, which `eresp` counts as well. What no other server could save is
    `econ`, and what of `eresp` was not tried again; neither is in `hrsp_5xx`.
    """
    lost = _number(row, "econ") + max(0, _number(row, "eresp") - _number(row, "wretr"))
    return Counts(
        requests=sum(_number(row, name) for name in _ANSWERS) + lost,
        errors=_number(row, "hrsp_5xx") + lost,
        hidden=_number(row, "wretr") + _number(row, "wredis"),
    )


def _number(row: Mapping[str, str], name: str) -> int:
    return int(row.get(name) or 0)


class Totals:
    """Counts that only grow, for as long as one coordinator looks: a HAProxy that begins anew begins at 0."""

    def __init__(self) -> None:
        self._before: Counter[str] = Counter()
        self._last: dict[str, int] = {}

    def add(self, servers: Iterable[Server]) -> None:
        """What the servers say now."""
        now = {key: value for server in servers for key, value in _figures(server).items()}
        if any(value < self._last.get(key, 0) for key, value in now.items()):
            self._before.update(self._last)
        self._last = now

    def of(self, names: Iterable[str]) -> Counts:
        """The sum over some servers."""
        names = tuple(names)  # each part is summed over all of them
        figures = {part: sum(self._total(f"{name} {part}") for name in names) for part in _PARTS}
        return Counts(**figures)

    def _total(self, key: str) -> int:
        return self._before[key] + self._last.get(key, 0)


_PARTS = ("requests", "errors", "hidden")


def _figures(server: Server) -> dict[str, int]:
    return {f"{server.name} {part}": getattr(server.counts, part) for part in _PARTS}
