"""Django's models, read by their syntax."""

from __future__ import annotations

import pytest

from migsafe.model.usage import UsageEvidence, Use
from usage_code import uses

HEAD = "from django.db import models\n\n"


def _models(body: str, what: str = "shop_order.name", **others: str) -> UsageEvidence | None:
    files = {"shop/models.py": HEAD + body} | {f"shop/{name}.py": text for name, text in others.items()}
    return uses(files, what).get("django-models")


def _use(body: str, what: str = "shop_order.name", **others: str) -> Use | None:
    found = _models(body, what, **others)
    return None if found is None else found.use


ORDER = "class Order(models.Model):\n    total = models.IntegerField()\n"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("name = models.TextField()", "shop_order.name"),
        ('label = models.TextField(db_column="name")', "shop_order.name"),
        ("user = models.ForeignKey(User, on_delete=models.CASCADE)", "shop_order.user_id"),
        ("user = models.OneToOneField(User, models.CASCADE)", "shop_order.user_id"),
        ('user = models.ForeignKey(User, models.CASCADE, db_column="owner")', "shop_order.owner"),
        ("tags = models.ManyToManyField(Tag)", "shop_order_tags.order_id"),
        ("tags = models.ManyToManyField(Tag)", "shop_order_tags.tag_id"),
        ("pass", "shop_order.id"),
    ],
)
def test_fields_are_columns(line: str, what: str) -> None:
    assert _use(ORDER + f"    {line}\n", what) is Use.STRONG


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('name = models.TextField(db_column="label")', "shop_order.name"),
        ("user = models.ForeignKey(User, models.CASCADE)", "shop_order.user"),
        ("name = models.ManyToManyField(Tag)", "shop_order.name"),
        ("name = GenericRelation(Tag)", "shop_order.name"),
        ("name = models.Manager()", "shop_order.name"),
        ("def name(self):\n        return ''", "shop_order.name"),
        ("key = models.AutoField(primary_key=True)", "shop_order.id"),
    ],
)
def test_attributes_that_are_not_the_column(line: str, what: str) -> None:
    assert _use(ORDER + f"    {line}\n", what) is Use.NONE


def test_meta_names_the_table_and_the_app() -> None:
    named = ORDER + '    class Meta:\n        db_table = "orders"\n'
    assert _use(named, "orders.total") is Use.STRONG
    assert _use(named) is None
    labelled = ORDER + '    class Meta:\n        app_label = "sales"\n'
    assert _use(labelled, "sales_order.total") is Use.STRONG


def test_an_app_config_may_give_another_label() -> None:
    apps = 'class Shop(AppConfig):\n    name = "shop"\n    label = "store"\n'
    assert _use(ORDER, "store_order.total", apps=apps) is Use.STRONG
    assert _use(ORDER, "shop_order.total", apps=apps) is None


def test_a_package_of_models_has_the_label_of_its_app() -> None:
    files = {"shop/models/orders.py": HEAD + ORDER}
    assert uses(files, "shop_order.total")["django-models"].use is Use.STRONG


def test_abstract_models_give_their_fields_to_their_children() -> None:
    body = (
        "class Named(models.Model):\n    name = models.TextField()\n    class Meta:\n        abstract = True\n\n"
        "class Order(Named):\n    pass\n"
    )
    assert _use(body) is Use.STRONG
    assert _use(body, "shop_named.name") is None


def test_a_model_of_a_model_has_a_table_of_its_own() -> None:
    body = ORDER + "    name = models.TextField()\n\nclass Special(Order):\n    pass\n"
    assert _use(body, "shop_special.name") is Use.NONE
    assert _use(body, "shop_special.order_ptr_id") is Use.STRONG


def test_a_proxy_has_none() -> None:
    body = ORDER + "\nclass Cheap(Order):\n    class Meta:\n        proxy = True\n"
    assert _use(body, "shop_cheap.total") is None


def test_a_base_of_another_package_leaves_it_open() -> None:
    body = "from model_utils.models import TimeStamped\n\nclass Order(TimeStamped, models.Model):\n    pass\n"
    found = _models(body)
    assert found is not None
    assert found.use is Use.UNKNOWN
    assert "TimeStamped, a base of model Order" in found.text


def test_the_user_of_django_is_known() -> None:
    body = "from django.contrib.auth.models import AbstractUser\n\nclass Account(AbstractUser):\n    pass\n"
    assert _use(body, "shop_account.last_name") is Use.STRONG
    assert _use(body, "shop_account.name") is Use.NONE


def test_a_whole_table() -> None:
    assert _use(ORDER, "shop_order") is Use.STRONG
    assert _use(ORDER, "shop_basket") is Use.NONE


def test_other_classes_are_no_models() -> None:
    assert _models("class Order(Form):\n    name = models.TextField()\n") is None
