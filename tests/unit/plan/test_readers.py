"""Who reads a table."""

from __future__ import annotations

from migsafe.model.names import QualifiedName
from migsafe.plan.readers import is_free, no_foreign_key, no_function_names, no_view_reads

_TABLE = QualifiedName("Old's", "app")


def test_names_are_constants_in_the_checks() -> None:
    assert "'app.\"Old''s\"'::regclass" in no_view_reads(_TABLE).sql
    assert "'old''s'" in no_function_names(_TABLE).sql
    assert "to_regclass('app.\"Old''s\"')" in is_free(_TABLE).sql


def test_keys_of_one_or_both_ways() -> None:
    assert "IN (conrelid, confrelid)" in no_foreign_key(_TABLE).sql
    assert "IN (conrelid" not in no_foreign_key(_TABLE, inbound_only=True).sql
