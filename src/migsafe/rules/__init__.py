"""Rules: one file per family of hazards. Importing this package registers them all.

A family is found by being a module of this package; to add a rule is to write it, and nothing else.
"""

from __future__ import annotations

import importlib
import pkgutil

from migsafe.rules.registry import RULES, Rule

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg):
    importlib.import_module(f"{__name__}.{_module}")

__all__ = ["RULES", "Rule"]
