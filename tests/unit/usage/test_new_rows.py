"""Models: whether every row that is made through one has a value for a column."""

from __future__ import annotations

import pytest

from migsafe.model.usage import Giving
from usage_code import writers

_GIVES, _LEAVES, _MAY = Giving.GIVES, Giving.LEAVES_OUT, Giving.MAY_LEAVE_OUT

_SQLALCHEMY = """
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    {}
"""
_DJANGO = """
from django.db import models

class User(models.Model):
    {}
    class Meta:
        db_table = "users"
"""


@pytest.mark.parametrize(
    ("line", "giving"),
    [
        ("pass", _LEAVES),
        ("full_name: Mapped[str]", _GIVES),
        ("full_name: Mapped[str] = mapped_column(Text)", _GIVES),
        ("full_name: Mapped[str | None]", _MAY),
        ("full_name: Mapped[Optional[str]] = mapped_column(Text)", _MAY),
        ("full_name: Mapped[str | None] = mapped_column(nullable=False)", _GIVES),
        ("full_name: Mapped[str] = mapped_column(nullable=True)", _MAY),
        ("full_name: Mapped[str | None] = mapped_column(default='')", _GIVES),
        ("full_name: Mapped[str | None] = mapped_column(default=None)", _MAY),
        ("full_name: Mapped[str] = mapped_column(server_default='')", _MAY),
        ("full_name = Column(Text)", _MAY),
        ("full_name = Column(Text, nullable=False)", _GIVES),
        ("full_name = Column(Text, nullable=REQUIRED)", _MAY),
        ("full_name = Column(Text, default=make_name)", _GIVES),
        ("shown = Column('full_name', Text, nullable=False)", _GIVES),
        ("__table_args__ = (Index('i', 'full_name'),)", _MAY),
    ],
)
def test_sqlalchemy(line: str, giving: Giving) -> None:
    (one,) = writers({"app/models.py": _SQLALCHEMY.format(line)}, "users.full_name").found
    assert (one.giving, one.source) == (giving, "sqlalchemy-models")


@pytest.mark.parametrize(
    ("line", "giving"),
    [
        ("pass", _LEAVES),
        ("full_name = models.TextField()", _GIVES),
        ("full_name = models.TextField(null=True)", _MAY),
        ("full_name = models.TextField(null=True, default='')", _GIVES),
        ("full_name = models.TextField(null=True, default=None)", _MAY),
        ("full_name = models.TextField(db_default='')", _MAY),
        ("shown = models.TextField(db_column='full_name')", _GIVES),
    ],
)
def test_django(line: str, giving: Giving) -> None:
    (one,) = writers({"shop/models.py": _DJANGO.format(line)}, "users.full_name").found
    assert (one.giving, one.source) == (giving, "django-models")


@pytest.mark.parametrize(
    ("line", "giving"),
    [
        ("full_name: str", _GIVES),
        ("full_name: str | None = None", _MAY),
        ("full_name: str | None = Field(default='')", _GIVES),
        ("full_name: str = ''", _GIVES),
        ("full_name: str = Field(...)", _GIVES),
    ],
)
def test_sqlmodel(line: str, giving: Giving) -> None:
    code = f'class User(SQLModel, table=True):\n    __tablename__ = "users"\n    {line}\n'
    (one,) = writers({"app/models.py": code}, "users.full_name").found
    assert one.giving is giving


def test_a_table_object() -> None:
    code = 'users = Table("users", metadata, Column("id", Integer), Column("full_name", Text{}))\n'
    assert [one.giving for one in writers({"t.py": code.format("")}, "users.full_name").found] == [_MAY]
    assert [one.giving for one in writers({"t.py": code.format(", nullable=False")}, "users.full_name").found] == [
        _GIVES
    ]
    assert [one.giving for one in writers({"t.py": code.format("")}, "users.phone").found] == [_LEAVES]


def test_a_class_that_shares_a_table_adds_to_it_and_writes_through_its_parent() -> None:
    child = "class Admin(User):\n    {}\n"
    code = _SQLALCHEMY.format("full_name: Mapped[str]") + child.format("pass")
    assert [one.giving for one in writers({"m.py": code}, "users.full_name").found] == [_GIVES]
    code = _SQLALCHEMY.format("pass") + child.format("full_name: Mapped[str]")
    assert [one.giving for one in writers({"m.py": code}, "users.full_name").found] == [_MAY]


def test_a_base_of_another_package_may_have_it() -> None:
    code = 'from theirs import Named\n\nclass User(Named):\n    __tablename__ = "users"\n    id = Column(Integer)\n'
    assert [one.giving for one in writers({"m.py": code}, "users.full_name").found] == [_MAY]


def test_another_table_s_model_is_none_of_its_writers() -> None:
    code = _SQLALCHEMY.format("pass").replace('"users"', '"orders"')
    assert writers({"m.py": code}, "users.full_name").found == ()
