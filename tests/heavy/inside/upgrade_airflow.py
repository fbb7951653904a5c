"""Take the database that Airflow's settings name from nothing to its last revision.

    python upgrade_airflow.py [--sql]

With `--sql`, print the SQL of the whole way instead.

Its command line begins with `create_all` and a stamp instead, so that the revisions would never run.
"""

import sys
from pathlib import Path

import airflow
from alembic import command
from alembic.config import Config

as_sql = "--sql" in sys.argv
config = Config(str(Path(airflow.__file__).with_name("alembic.ini")))
command.upgrade(config, "base:head" if as_sql else "head", sql=as_sql)
