"""What `env.py` and `alembic.ini` name: hooks that lint a revision while Alembic writes it, and record it as it runs.

import migsafe.alembic
context.configure(
    ...,
    process_revision_directives=migsafe.alembic.process_revision_directives,
    on_version_apply=migsafe.alembic.record_version,
)
"""

from __future__ import annotations

import sys

from migsafe.integrations.alembic import after, post_write, process_revision_directives
from migsafe.integrations.alembic_tracker import record_version

__all__ = ["after", "post_write", "process_revision_directives", "record_version"]

if __name__ == "__main__":
    sys.exit(post_write())
