"""What migrations say of themselves: phase, change, release. Read where a migration is made, whatever tool wrote it.

- SQL: `-- migsafe: phase=contract change=users-full-name` in the comments before the first statement (`sql.py`);
- Python: plain globals of an Alembic revision, plain attributes of a Django migration's class (`python.py`).

The words are the same everywhere (`words.py`).
"""

from migsafe.sources.declarations.python import declared_in_python
from migsafe.sources.declarations.sql import declared_in_scripts
from migsafe.sources.declarations.words import KEYS, header_words

__all__ = ["KEYS", "declared_in_python", "declared_in_scripts", "header_words"]
