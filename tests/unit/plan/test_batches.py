"""The statement of a backfill."""

from __future__ import annotations

from migsafe.model.names import QualifiedName
from migsafe.model.plan import Backfill, Check
from migsafe.plan.batches import backfill_block, needs_work

_BACKFILL = Backfill(QualifiedName("t", "app"), ("a", "B"), (("c", "d + 1"),), "c IS NULL", (("x.y", "it's"),))


def test_a_key_of_two_columns_is_compared_as_a_row() -> None:
    text = backfill_block(_BACKFILL, batch_rows=7)
    assert 'migsafe_low_2 app.t."B"%TYPE;' in text
    assert '(a, "B") >= (migsafe_low_1, migsafe_low_2) AND (a, "B") <= (migsafe_high_1, migsafe_high_2)\n' in text
    assert 'ORDER BY a, "B" LIMIT 7)' in text
    assert 'ORDER BY a DESC, "B" DESC' in text


def test_settings_hold_for_every_transaction() -> None:
    assert backfill_block(_BACKFILL).count("SET LOCAL x.y = 'it''s';") == 2


def test_checks_come_first_and_their_names_are_no_formats() -> None:
    text = backfill_block(_BACKFILL, before=(Check("100 % of 'it'", "SELECT 1", "1"),))
    assert "IF (SELECT 1)::text IS DISTINCT FROM '1' THEN" in text
    assert "RAISE EXCEPTION 'not before this holds: 100 %% of ''it''';" in text
    assert text.index("RAISE EXCEPTION") < text.index("WHILE")


def test_rows_of_another_table() -> None:
    backfill = Backfill(
        QualifiedName("t"), ("a",), insert="INSERT INTO u SELECT a FROM t WHERE a >= :low AND a <= :high;"
    )
    assert "INSERT INTO u SELECT a FROM t WHERE a >= migsafe_low_1 AND a <= migsafe_high_1;" in backfill_block(backfill)


def test_rows_that_need_work_have_no_new_value() -> None:
    assert needs_work(["n"], ["o"]) == "n IS NULL AND (o) IS NOT NULL"
    assert needs_work(["n", "m"], ["o", "p"]) == "n IS NULL AND m IS NULL AND ((o) IS NOT NULL OR (p) IS NOT NULL)"
