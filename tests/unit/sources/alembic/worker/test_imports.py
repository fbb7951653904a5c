"""The project's code, imported without the application and its libraries."""

from __future__ import annotations

import pytest

from alembic_worker import Book, Conversation

BOOK = Book(
    modules={
        "shop/__init__.py": """
            from shop.settings import LIMIT
            from shop.kinds import Money as Cash
            import nowhere_to_be_found
            raise RuntimeError("the application starts here")
        """,
        "shop/kinds.py": """
            import sqlalchemy as sa
            from missing_library import Base, Thing, helper

            class Money(sa.types.TypeDecorator):
                impl = sa.Numeric(12, 2)
                cache_ok = True

            @helper
            def plain():
                return "plain"

            class Shopping(Base, Thing):
                name = "shopping"
        """,
        "shop/settings.py": "LIMIT = 7\n",
        "flask_shop.py": "NAME = 'ours'\n",
        "site-packages/werkzeug/__init__.py": "raise RuntimeError('it wants an application')\n",
        "site-packages/werkzeug/local.py": "",
        "site-packages/uses_werkzeug.py": """
            try:
                import werkzeug
            except ImportError:
                FOUND = False
            else:
                FOUND = True
        """,
        "shop/old.py": "print 'for Python 2'\n",
        "shop/half.py": """
            from __future__ import annotations

            before = 1
            broken = 1 / 0

            class AlsoBroken:
                value: Unknown = undefined

            after = 2
        """,
        "shop/states_pb2.py": r"""
            from google.protobuf import descriptor_pool as _descriptor_pool
            DESCRIPTOR = _descriptor_pool.Default().AddSerializedFile(
                b'\n\x01f*\x1a\n\x05State\x12\x07\n\x03NEW\x10\x00\x12\x08\n\x04DONE\x10\x05')
        """,
    }
)

LIGHT = BOOK.revision(
    "light",
    """
    from shop import Cash, settings
    from shop.kinds import Money, Shopping, plain

    def upgrade():
        assert settings.LIMIT == 7 and Cash is Money
        assert plain() == "plain" and Shopping().name == "shopping"
        op.add_column("orders", sa.Column("total", Money))
    """,
)
HALF = BOOK.revision(
    "half",
    """
    from shop.half import AlsoBroken, after, before, broken
    from shop.old import anything

    def upgrade():
        op.execute(f"SELECT {before}, {after}")
        op.execute(f"SELECT {broken}")
    """,
)
PROTOBUF = BOOK.revision(
    "protobuf",
    """
    from shop.states_pb2 import DONE, State

    def upgrade():
        op.execute(f"SELECT '{'|'.join(State.keys())}', {DONE}, {State.Value('DONE')}, '{State.Name(5)}'")
    """,
)
STUBS = BOOK.revision(
    "stubs",
    """
    import missing_one.deep
    from missing_two import MissingError, thing

    def upgrade():
        try:
            raise MissingError("caught")
        except MissingError:
            pass
        for each in thing:
            raise AssertionError
        with thing.context() as inner, thing:
            assert not isinstance(7, missing_one.deep.Kind)
        value = thing["key"] + 1 | thing
        assert thing.get("a", fallback=3) == 3 and not hasattr(thing, "_private")
        op.execute(sa.table("t", sa.column("a")).update().values(a=value))
        op.add_column("t", sa.Column("b", missing_one.deep.Fancy(20), nullable=False))
    """,
)
REACHES = BOOK.revision(
    "reaches_sql",
    """
    from missing_two import settings

    def upgrade():
        op.execute("SELECT 1")
        op.execute(f"CREATE SCHEMA {settings.SCHEMA}")
    """,
)
SESSIONS = BOOK.revision(
    "session_of_an_unknown_library",
    """
    from missing_two import db

    def upgrade():
        session = db.Session(bind=op.get_bind())
        session.execute(sa.text("DELETE FROM t"))
    """,
)
UNKNOWN_BASE = BOOK.revision(
    "model_of_an_unknown_base",
    """
    from missing_two import Model
    from sqlalchemy.orm import Session

    class Thing(Model):
        __tablename__ = "things"
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String)

    def upgrade():
        session = Session(bind=op.get_bind())
        for thing in session.query(Thing):
            thing.name = "x"
        session.commit()
    """,
)
OPTIONAL = BOOK.revision(
    "optional_imports_of_libraries",
    """
    def upgrade():
        from sqlalchemy.dialects.postgresql import psycopg2
        try:
            psycopg2.PGDialect_psycopg2.import_dbapi()
        except ImportError:
            op.execute("SELECT 'honest'")
    """,
)
LIBRARIES = BOOK.revision(
    "well_known_libraries",
    """
    import sqlalchemy_utils
    from flask_sqlalchemy import SQLAlchemy
    from lazy_object_proxy import Proxy
    from sqlalchemy_utils import UUIDType

    db = SQLAlchemy()
    Late = Proxy(lambda: sa.String(7))

    class Thing(db.Model):
        __tablename__ = "things"
        id = db.Column(db.Integer, primary_key=True)

    def upgrade():
        op.create_table("t", sa.Column("a", UUIDType()), sa.Column("b", sqlalchemy_utils.types.uuid.UUIDType()))
        for thing in db.session.query(Thing):
            op.execute(f"SELECT {thing.id}")
    """,
)

FRAMEWORKS = BOOK.revision(
    "frameworks_that_are_installed",
    """
    import os
    import sys

    sys.path.append(os.path.join(os.path.dirname(__file__), "site-packages"))

    import flask_shop
    import uses_werkzeug
    from werkzeug.local import LocalProxy

    events = LocalProxy(lambda: None)

    class Thing:
        @events.logged
        def name(self):
            return "things"

    def upgrade():
        op.execute(f"SELECT '{Thing().name()}', '{flask_shop.NAME}', {uses_werkzeug.FOUND}")
    """,
)


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Conversation:
    return BOOK.render(tmp_path_factory.mktemp("imports"))


def test_a_package_is_imported_without_its_application(heard: Conversation) -> None:
    assert heard.up(LIGHT).gap is None
    assert heard.up(LIGHT).sql == ["ALTER TABLE orders ADD COLUMN total NUMERIC(12, 2)"]


def test_a_module_that_fails_loses_only_what_failed(heard: Conversation) -> None:
    assert heard.up(HALF).sql == ["SELECT 1, 2"]
    assert heard.up(HALF).gap == "the SQL depends on shop.half.broken, which could not be imported"


def test_enums_of_generated_protobuf_modules_are_known(heard: Conversation) -> None:
    assert heard.up(PROTOBUF).sql == ["SELECT 'NEW|DONE', 5, 5, 'DONE'"]


def test_stubs_take_part_in_everything(heard: Conversation) -> None:
    assert heard.up(STUBS).gap is None
    assert heard.up(STUBS).sql == ["UPDATE t SET a='{}'", "ALTER TABLE t ADD COLUMN b FANCY NOT NULL"]


def test_sql_that_depends_on_a_stub_is_a_gap_that_names_it(heard: Conversation) -> None:
    assert heard.up(REACHES).sql == ["SELECT 1"]
    assert heard.up(REACHES).gap == "the SQL depends on missing_two.settings.SCHEMA, which could not be imported"


def test_sessions_of_unknown_libraries_work(heard: Conversation) -> None:
    assert heard.up(SESSIONS).sql == ["DELETE FROM t"]


def test_models_of_an_unknown_base_are_mapped(heard: Conversation) -> None:
    assert heard.up(UNKNOWN_BASE).sql[-1] == "UPDATE things SET name='x' WHERE things.id = 1"


def test_imports_by_libraries_fail_honestly(heard: Conversation) -> None:
    assert heard.up(OPTIONAL).sql == ["SELECT 'honest'"]


def test_well_known_libraries_have_stand_ins(heard: Conversation) -> None:
    create, select, loop = heard.up(LIBRARIES).sql
    assert create == "CREATE TABLE t ( a UUID, b UUID )"
    assert select.startswith("SELECT things.id")
    assert loop == "SELECT 1"


def test_a_framework_that_is_installed_is_as_if_it_were_not(heard: Conversation) -> None:
    assert heard.up(FRAMEWORKS).sql == ["SELECT 'things', 'ours', False"]
