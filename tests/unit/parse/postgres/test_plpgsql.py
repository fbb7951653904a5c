"""DO blocks: what could be read, where it stands, and what could not."""

from __future__ import annotations

from migsafe.model.dialect import Dialect
from migsafe.model.operation import Delete, Insert, RunCode, Update
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script


def run(body: str, quote: str = "$$") -> tuple[RunCode, list[tuple[str, str]]]:
    text = f"-- before\nDO {quote}{body}{quote};"
    script = Script(Direction.UP, text, SourceText("x", text), TransactionRule.NONE, Dialect.POSTGRES)
    (code,) = read_script(script).statements[0].operations
    assert isinstance(code, RunCode)
    return code, [(type(operation).__name__, text[slice(*operation.span)]) for operation in code.operations]


def test_statements_are_read_in_place() -> None:
    code, found = run("BEGIN ALTER TABLE t ADD COLUMN a int; UPDATE t SET a = 1; END")
    assert found == [("AddColumn", "ADD COLUMN a int"), ("Update", "UPDATE t SET a = 1")]
    assert (code.conditional, code.opaque) == (False, ())


def test_control_words_are_stepped_over() -> None:
    code, found = run(
        """
        DECLARE r record; n int := 0;
        BEGIN
          n := n + 1; r.a := 2;
          IF NOT EXISTS (SELECT 1 FROM pg_type) THEN DROP TABLE a; ELSIF n > 1 THEN DROP TABLE b;
          ELSE DROP TABLE c; END IF;
          FOR r IN SELECT * FROM t LOOP DELETE FROM u WHERE id = r.id; END LOOP;
          WHILE n < 3 LOOP n = n + 1; END LOOP;
          SELECT count(*) INTO STRICT n FROM v;
          PERFORM setval('q', 1);
          RAISE NOTICE 'x %', n;
        EXCEPTION WHEN duplicate_object THEN NULL;
        END
        """
    )
    names = [name for name, _ in found]
    assert names == ["DropTable", "DropTable", "DropTable", "Query", "Delete", "Query", "Query"]
    assert (code.conditional, code.opaque) == (True, ())


def test_what_a_loop_writes_between_commits_is_bounded() -> None:
    code, _ = run(
        """
        BEGIN
          UPDATE a SET x = y WHERE x IS NULL;
          WHILE low < high LOOP
            UPDATE b SET x = y WHERE id > low AND id <= mid;
            FOR r IN SELECT 1 FROM t LOOP
              DELETE FROM c WHERE id = r.id;
            END LOOP;
            COMMIT;
            INSERT INTO d SELECT * FROM e;
          END LOOP;
          LOOP
            UPDATE f SET x = y WHERE id > low;
          END LOOP;
          COMMIT;
          UPDATE g SET x = y WHERE x IS NULL;
        END
        """
    )
    bounded = {str(one.table): one.bounded for one in code.operations if isinstance(one, Update | Delete | Insert)}
    assert bounded == {"a": False, "b": True, "c": True, "d": True, "f": False, "g": False}


def test_a_literal_of_execute_is_read_in_place() -> None:
    code, found = run("BEGIN EXECUTE 'DROP TABLE a; DROP TABLE b'; EXECUTE format('DROP TABLE c'); END")
    assert found == [("DropTable", "DROP TABLE a"), ("DropTable", "DROP TABLE b"), ("DropTable", "DROP TABLE c")]
    assert code.opaque == ()


def test_a_literal_with_escapes_is_read_at_the_execute() -> None:
    _, found = run("BEGIN EXECUTE 'ALTER TABLE t ADD a text DEFAULT ''x'''; END")
    assert found == [("AddColumn", "EXECUTE 'ALTER TABLE t ADD a text DEFAULT ''x'''")]


def test_what_is_put_together_is_opaque() -> None:
    code, found = run(
        "BEGIN EXECUTE 'DROP TABLE ' || name; EXECUTE format('DROP TABLE %I', name); EXECUTE command; END"
    )
    assert found == []
    assert len(code.opaque) == 3


def test_what_is_not_understood_is_opaque_and_hides_nothing() -> None:
    code, found = run("BEGIN FROBNICATE a; DROP TABLE b; END")
    assert found == [("DropTable", "DROP TABLE b")]
    assert "FROBNICATE" in code.opaque[0].reason


def test_other_languages_are_opaque() -> None:
    text = "DO LANGUAGE plpython3u $$ plpy.execute('DROP TABLE a') $$"
    script = Script(Direction.UP, text, SourceText("x", text), TransactionRule.NONE, Dialect.POSTGRES)
    (code,) = read_script(script).statements[0].operations
    assert isinstance(code, RunCode)
    assert "plpython3u" in code.opaque[0].reason
