"""SQLAlchemy models, read by their syntax."""

from __future__ import annotations

import pytest

from migsafe.model.usage import UsageEvidence, Use
from usage_code import uses


def _models(body: str, what: str = "users.name", **others: str) -> UsageEvidence | None:
    files = {"app/models.py": body} | {f"app/{name}.py": text for name, text in others.items()}
    return uses(files, what).get("sqlalchemy-models")


def _use(body: str, what: str = "users.name", **others: str) -> Use | None:
    found = _models(body, what, **others)
    return None if found is None else found.use


USER = 'class User(Base):\n    __tablename__ = "users"\n    id = Column(Integer)\n'


@pytest.mark.parametrize(
    "line",
    [
        "name = Column(String)",
        "name = sa.Column(sa.String)",
        "name: Mapped[str]",
        "name: Mapped[str] = mapped_column(String)",
        'full_name = mapped_column("name")',
        'full_name = Column("name", String)',
        'full_name = Column(String, name="name")',
        'full_name = deferred(Column("name", Text))',
        "name = deferred(mapped_column(Text))",
        'point = composite(Point, mapped_column("name"), mapped_column("y"))',
        "if True:\n        name = Column(String)",
        '__table_args__ = (Index("ix", "name"),)',
        '__table_args__ = (UniqueConstraint("id", "name"), {"schema": "public"})',
        "@declared_attr\n    def name(cls):\n        return Column(String)",
        '@declared_attr.directive\n    def other(cls):\n        return Column("name", String)',
    ],
)
def test_columns_that_are_mapped(line: str) -> None:
    assert _use(USER + f"    {line}\n") is Use.STRONG


@pytest.mark.parametrize(
    "line",
    [
        "full_name = Column(String)",
        'name = mapped_column("full_name")',
        "name = relationship('Name')",
        "name: Mapped[list[Name]] = relationship()",
        'name = synonym("full_name")',
        'name = association_proxy("names", "name")',
        '"""name"""',
        "NAME = 1",
        "def name(self):\n        return ''",
        '__table_args__ = (Index("name", "id"), {"comment": "name"})',
        '__mapper_args__ = {"order_by": "id"}',
    ],
)
def test_attributes_that_are_not_the_column(line: str) -> None:
    assert _use(USER + f"    {line}\n") is Use.NONE


def test_an_attribute_that_may_be_a_column_is_weak() -> None:
    assert _use(USER + "    name = special()\n") is Use.WEAK
    assert _use(USER + "    name = UtcColumn()\n") is Use.STRONG


def test_a_table_that_nobody_maps_is_passed_over() -> None:
    assert _models(USER.replace('"users"', '"people"')) is None
    assert _models("users = name = 1") is None


def test_the_same_column_of_another_table_is_none() -> None:
    other = 'class Order(Base):\n    __tablename__ = "orders"\n    name = Column(String)\n'
    assert _use(USER + other) is Use.NONE


def test_mixins_give_their_columns_across_files() -> None:
    mixin = "class Named:\n    name = Column(String)\n"
    body = 'from app.mixins import Middle\n\nclass User(Middle, Base):\n    __tablename__ = "users"\n'
    middle = "from app.named import Named\n\nclass Middle(Named):\n    pass\n"
    assert _use(body, mixins=middle, named=mixin) is Use.STRONG
    assert _use(body, mixins=middle, named=mixin.replace("name =", "label =")) is Use.NONE


def test_single_table_inheritance_adds_to_the_parent_s_table() -> None:
    child = "class Admin(User):\n    name = Column(String)\n"
    assert _use(USER + child) is Use.STRONG


def test_joined_inheritance_does_not() -> None:
    child = 'class Admin(User):\n    __tablename__ = "admins"\n    name = Column(String)\n'
    assert _use(USER + child) is Use.NONE
    assert _use(
        USER + "    name = Column(String)\n" + child.replace("    name = Column(String)\n", ""), "admins.name"
    ) is (Use.NONE)


def test_a_base_of_another_package_leaves_it_open() -> None:
    body = "from vendor.models import AuditTrail\n\n" + USER.replace("(Base)", "(AuditTrail, Base)")
    found = _models(body)
    assert found is not None
    assert found.use is Use.UNKNOWN
    assert "AuditTrail, a base of class User (app/models.py:3), is of another package" in found.text


def test_a_known_mixin_of_another_package_is_known() -> None:
    body = "from flask_appbuilder.models.mixins import AuditMixin\n\n" + USER.replace("(Base)", "(AuditMixin, Base)")
    assert _use(body) is Use.NONE
    assert _use(body, "users.created_by_fk") is Use.STRONG


@pytest.mark.parametrize(
    ("body", "use"),
    [
        ('users = Table("users", metadata, Column("name", String))', Use.STRONG),
        ('users = Table("users", metadata, Column("id"), schema="public")', Use.NONE),
        ('users = Table("users", metadata, Column("name"), schema="audit")', None),
        ('users = sa.table("users", sa.column("name"))', Use.STRONG),
        ('users = Table("users", metadata, autoload_with=engine)  # name', Use.UNKNOWN),
        ('users = Table("users", metadata, *shared)  # name', Use.UNKNOWN),
        ('print(Table("users", "name"))', None),
    ],
)
def test_tables_without_a_class(body: str, use: Use | None) -> None:
    assert _use(body) is use


@pytest.mark.parametrize(
    "body",
    [
        'class User(SQLModel, table=True):\n    name: str = Field(default="")\n',
        'TABLE = "users"\nclass Person(Base):\n    __tablename__ = TABLE\n    name = Column(String)\n',
        "class Users(Base):\n    name = Column(String)\n    @declared_attr\n    def __tablename__(cls):\n"
        "        return cls.__name__.lower()\n",
        'class Person(Base):\n    __table__ = Table("users", metadata, Column("name"))\n',
    ],
)
def test_names_of_tables_that_are_not_written_out(body: str) -> None:
    what = "user.name" if "SQLModel" in body else "users.name"
    assert _use(body, what) is Use.STRONG


def test_a_foreign_key_names_the_column_it_points_at() -> None:
    key = 'class Order(Base):\n    __tablename__ = "orders"\n    user = Column(ForeignKey("users.name"))\n'
    assert _use(USER + key) is Use.STRONG
    assert _use(USER + key.replace("users.name", "users.id")) is Use.NONE
    assert _use(key, "users") is Use.STRONG


def test_models_in_tests_are_weak_and_say_so() -> None:
    found = uses({"tests/models.py": USER + "    name = Column(String)\n"}, "users.name")["sqlalchemy-models"]
    assert (found.use, found.text) == (Use.WEAK, "class User maps users.name, in a test")


def test_a_whole_table() -> None:
    assert _use(USER, "users") is Use.STRONG
    assert _use(USER, "orders") is Use.NONE
