"""A verb of the local engine that is killed in the middle: in a child process, at a chosen act.

An act is what is seen from outside: the memory is written, a process is begun, let go or ended, HAProxy is told
something. The child is killed right before one of them; right after it is right before the next one.
"""

from __future__ import annotations

import os
import signal
from itertools import count
from typing import TYPE_CHECKING, Any

from migsafe.deploy.providers.local import engine, processes, state
from migsafe.deploy.providers.local.processes import Processes
from migsafe.deploy.providers.local.socket import RuntimeSocket

if TYPE_CHECKING:
    from collections.abc import Callable

_METHODS = ((Processes, "_launch"), (Processes, "let_go"), (Processes, "finish"), (RuntimeSocket, "order"))
_FUNCTIONS = ((state, "write_private"), (engine, "write_private"), (processes, "_send"))


def killed_at(act: int, verb: Callable[[], None]) -> bool:
    """Say a verb in a child that is killed right before its n-th act.

    Args:
        act: from 1; 0 lets the child count, and end.

    Returns:
        Whether the child was killed; False when the verb has fewer acts.
    """
    child = os.fork()
    if child == 0:
        try:
            _count_acts(act)
            verb()
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, "the verb failed by itself"
    return os.WIFSIGNALED(status)


def each_kill(verb: Callable[[], None], after: Callable[[int], None]) -> int:
    """Kill a verb at each of its acts in turn, and see to what is so `after` each.

    Returns:
        How many acts it has.
    """
    for act in count(1):
        if not killed_at(act, verb):
            return act - 1
        after(act)
    raise AssertionError("it counts for ever")


def _count_acts(last: int) -> None:
    seen = count(1)

    def counted(real: Any) -> Any:
        def act(*args: Any, **options: Any) -> Any:
            if next(seen) == last:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **options)

        return act

    places: tuple[tuple[Any, str], ...] = (*_METHODS, *_FUNCTIONS)
    for place, name in places:
        setattr(place, name, counted(getattr(place, name)))
