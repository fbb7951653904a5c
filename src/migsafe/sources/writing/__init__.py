"""New migrations in a project's own layout and style, and migrations that are split in two.

`write_migrations` plans the files, `split_migration` those of a split; `save` puts them on the disk, all or none.
"""

from migsafe.sources.writing.new import NewMigration, WritingOptions, WrittenFile
from migsafe.sources.writing.planning import write_migrations
from migsafe.sources.writing.python_code import CannotSplitError
from migsafe.sources.writing.saving import save
from migsafe.sources.writing.splitting import Split, SplitPart, split_migration

__all__ = [
    "CannotSplitError",
    "NewMigration",
    "Split",
    "SplitPart",
    "WritingOptions",
    "WrittenFile",
    "save",
    "split_migration",
    "write_migrations",
]
