"""Flask-SQLAlchemy and Flask-AppBuilder, as far as revisions use them: a way to SQLAlchemy."""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy
from sqlalchemy import orm


class SQLAlchemy:
    """`flask_sqlalchemy.SQLAlchemy`: everything of SQLAlchemy under one name, a session, and a base of models."""

    Session = orm.Session

    def __init__(self, *_: object, **__: object) -> None:
        self.Model = make_model()
        self.metadata = self.Model.metadata

    @property
    def session(self) -> orm.Session:
        """A session on the connection of the migration."""
        return orm.Session(bind=self.engine)

    @property
    def engine(self) -> Any:
        """The connection of the migration: a request's engine would lead to the same database."""
        from alembic import op

        return op.get_bind()

    def init_app(self, *_: object, **__: object) -> None:
        """There is no application."""

    def __getattr__(self, name: str) -> Any:
        for module in (sqlalchemy, orm):
            if hasattr(module, name):
                return getattr(module, name)
        raise AttributeError(name)


def make_model() -> Any:
    """A base of models whose tables are named after their classes unless they say otherwise."""
    base = orm.declarative_base(cls=_Model)
    base.__allow_unmapped__ = True
    return base


class _Model:
    """Models of one table may be defined by several revisions."""

    __table_args__: ClassVar[dict[str, Any]] = {"extend_existing": True}
