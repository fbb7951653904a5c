from __future__ import annotations

from lite_scripts import migration
from migsafe.model.finding import Severity
from migsafe.model.locks import Work
from migsafe.model.script import Position
from migsafe.shadow.lite.findings import rows_are_lost, tables_are_rebuilt
from migsafe.shadow.lite.rebuilds import find_rebuilds
from migsafe.shadow.lite.rows import RowsLost

REBUILD = "CREATE TABLE n (a);\nINSERT INTO n SELECT a FROM {t};\nDROP TABLE {t};\nALTER TABLE n RENAME TO {t};\n"


def test_lost_rows_stand_on_the_statement_that_takes_them() -> None:
    of = migration("SELECT 1;\nDROP TABLE p;")
    assert of.up is not None
    finding = rows_are_lost(of, RowsLost(of.up.statements[1], ("a", "b"), ("c",)))
    assert (finding.start, finding.end, finding.severity) == (Position(2, 1), Position(2, 13), Severity.WARNING)
    assert finding.objects == ("a", "b", "c")
    assert finding.message == (
        "m1 deletes rows of a and b and sets values of c to NULL, which it does not name, "
        "where foreign keys are enforced"
    )


def test_lost_rows_without_a_statement_stand_on_the_first_one() -> None:
    assert rows_are_lost(migration("\nSELECT 1;"), RowsLost(None, ("a",), ())).start == Position(2, 1)


def test_rebuilds_are_counted_by_migration() -> None:
    of = [migration(REBUILD.format(t="t") + REBUILD.format(t="u") + REBUILD.format(t="t"), name="m1")]
    of.append(migration(REBUILD.format(t="u"), name="m2"))
    found = list(tables_are_rebuilt(find_rebuilds(of)))
    assert [(one.message, one.objects, one.start.line) for one in found] == [
        ("m1 builds t and u anew: 3 copies of all rows", ("t", "u"), 2),
        ("m2 builds u anew: one copy of all rows", ("u",), 2),
    ]
    assert {(one.severity, one.work) for one in found} == {(Severity.INFO, Work.REWRITE)}
    assert len({one.fingerprint for one in found}) == 2
