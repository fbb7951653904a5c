"""Take a database from nothing to optuna's last revision; with `--sql`, print the SQL of the whole way instead.

    python upgrade_optuna.py URL [--sql]

Its command line begins with `create_all` and a stamp instead, so that the revisions would never run.
"""

import sys
from pathlib import Path

import optuna.storages._rdb as rdb
from alembic import command
from alembic.config import Config

folder = Path(rdb.__file__).parent
config = Config(str(folder / "alembic.ini"))
config.set_main_option("script_location", str(folder / "alembic"))
config.set_main_option("sqlalchemy.url", sys.argv[1].replace("%", "%%"))
as_sql = "--sql" in sys.argv
command.upgrade(config, "base:head" if as_sql else "head", sql=as_sql)
