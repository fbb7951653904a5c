"""A revision's file, run as a module of its own."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

_numbers = itertools.count(1)


def load_revision(path: str) -> ModuleType:
    """Run the file under a name that no other module has.

    Raises:
        ImportError: when the file is no Python source; anything that the file itself raises.
    """
    name = f"_migsafe_revision_{next(_numbers)}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # classes look up their own module there: dataclasses, declarative models
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
