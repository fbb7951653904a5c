"""What tools say of a database: the tables in which each of them keeps which migrations have run.

`history_of` reads a tool's table; `book_of` also writes it, exactly as the tool would, so that people may go on using
the tool beside migsafe. One file per tool; each says which version of the tool it was read from.

Plain SQL has no table. Sqitch's is only read: a change's id there is made from the plan's planner, date and note, and
its registry has seven tables of them. Alembic and Django run their own migrations, and write their own tables.
"""

from migsafe.books.base import Applied, Book, History, Outcome
from migsafe.books.registry import book_of, history_of

__all__ = ["Applied", "Book", "History", "Outcome", "book_of", "history_of"]
