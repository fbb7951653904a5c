"""What `env.py` and `alembic.ini` name: hooks that lint a revision while Alembic writes it.

import migsafe.alembic
context.configure(..., process_revision_directives=migsafe.alembic.process_revision_directives)
"""

from __future__ import annotations

import sys

from migsafe.integrations.alembic import after, post_write, process_revision_directives

__all__ = ["after", "post_write", "process_revision_directives"]

if __name__ == "__main__":
    sys.exit(post_write())
