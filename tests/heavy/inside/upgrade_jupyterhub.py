"""Take a database that an older JupyterHub has made to another revision, with the settings that JupyterHub writes.

    python upgrade_jupyterhub.py URL STAMP REVISION

JupyterHub stamps a database that bears no revision by what it finds in it; `STAMP` is what it would write.
"""

import sys

from alembic import command
from alembic.config import Config
from jupyterhub.dbutil import _temp_alembic_ini

url, stamp, revision = sys.argv[1:]
with _temp_alembic_ini(url) as settings:
    config = Config(settings)
    command.stamp(config, stamp)
    command.upgrade(config, revision)
