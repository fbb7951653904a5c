"""Foreign keys as statements."""

from __future__ import annotations

from migsafe.plan.foreign_keys import keys_of, keys_to, spell, spell_over
from migsafe.plan.targets import find_table
from plan_projects import catalogue_of

_SQL = """
CREATE SCHEMA app;
CREATE TABLE app.parents (id int PRIMARY KEY, other int, UNIQUE (id, other));
CREATE TABLE app."Children" (
    id int PRIMARY KEY, parent_id int, other int,
    CONSTRAINT both FOREIGN KEY (parent_id, other) REFERENCES app.parents (id, other)
        ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT own FOREIGN KEY (id) REFERENCES app."Children"
);
ALTER TABLE app."Children" ADD CONSTRAINT late FOREIGN KEY (other) REFERENCES app.parents NOT VALID;
"""


def test_keys_out_of_a_table() -> None:
    catalogue = catalogue_of(_SQL)
    both, late, own = keys_of(find_table('app."Children"', catalogue), catalogue)
    assert spell(both.definition) == (
        "FOREIGN KEY (parent_id, other) REFERENCES app.parents (id, other)"
        " ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED"
    )
    assert own.drop == 'ALTER TABLE app."Children" DROP CONSTRAINT IF EXISTS own;'
    assert len(both.restore) == 2
    assert len(late.restore) == 1


def test_keys_to_a_table_leave_out_its_own() -> None:
    catalogue = catalogue_of(_SQL)
    assert [key.name for key in keys_to(find_table("app.parents", catalogue), catalogue)] == ["both", "late"]
    assert keys_to(find_table('app."Children"', catalogue), catalogue) == ()


def test_a_key_over_another_column() -> None:
    catalogue = catalogue_of(_SQL)
    late = keys_of(find_table('app."Children"', catalogue), catalogue)[1]
    assert spell_over(late.definition, "other_new", "id_new") == (
        "FOREIGN KEY (other_new) REFERENCES app.parents (id_new)"
    )
