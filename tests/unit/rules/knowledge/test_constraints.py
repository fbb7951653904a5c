"""What a constraint's name tells."""

from __future__ import annotations

import pytest

from migsafe.rules.knowledge.constraints import kind_by_name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("orders_user_id_fkey", "foreign key"),
        ("FK_Orders_Users", "foreign key"),
        ("orders_amount_check", "check"),
        ("chk_amount", "check"),
        ("orders_pkey", "primary key"),
        ("users_email_key", "unique"),
        ("uq_users_email", "unique"),
        ("bookings_during_excl", "exclusion"),
        ("monkey", None),
        ("users_email", None),
        ("checkpoint", None),
    ],
)
def test_the_kind_that_a_name_speaks_of(name: str, kind: str | None) -> None:
    assert kind_by_name(name) == kind
