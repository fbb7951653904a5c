"""Print the SQL with which a project's models make their tables in an empty Postgres.

Run where the project is installed:

    python create_all.py jupyterhub.orm:Base
"""

import sys
from importlib import import_module

import sqlalchemy


def main():
    """Send CREATE TABLE to nobody, as every version of SQLAlchemy since 1.3 can."""
    module, _, name = sys.argv[1].partition(":")
    metadata = getattr(import_module(module), name).metadata

    def take(statement, *_, **__):
        print(str(statement.compile(dialect=engine.dialect)).strip() + ";")

    if hasattr(sqlalchemy, "create_mock_engine"):
        engine = sqlalchemy.create_mock_engine("postgresql://", take)
    else:
        engine = sqlalchemy.create_engine("postgresql://", strategy="mock", executor=take)
    metadata.create_all(engine, checkfirst=False)


main()
