"""What is asked of a statement that takes something away, or forbids what was allowed: one file per question."""

import importlib
import pkgutil

from migsafe.phases.registry import PhaseRule, registered

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_module}")

#: All of them, in the order of their numbers.
REQUIREMENTS: tuple[PhaseRule, ...] = tuple(one for one in registered() if one.ask is not None)

__all__ = ["REQUIREMENTS"]
