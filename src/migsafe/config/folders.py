"""Folders of a project that hold no work of its own."""

from __future__ import annotations

#: Folders that hold other people's code or build results: never searched, read only when they are named.
SKIPPED_FOLDERS = frozenset(
    {"node_modules", "venv", "env", "target", "vendor", "__pycache__", "site-packages", "dist", "build"}
)
