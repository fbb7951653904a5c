"""What a tool's connection is told, and what is known of its statements; the rest of it needs a server."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any, cast

import pytest

from migsafe.sources.executing import child

SOCKET = {"host": "/run/my sockets", "port": "5432", "user": "postgres", "password": "", "dbname": "shop"}


class Cursor:
    """A driver's cursor that answers from a list."""

    def __init__(self, answers: dict[str, Any], said: list[str]) -> None:
        self._answers = answers
        self._said = said

    def execute(self, question: str) -> None:
        self._said.append(question)

    def fetchone(self) -> tuple[Any, ...] | None:
        answer = self._answers.get(self._said[-1], True)
        if isinstance(answer, Exception):
            raise answer
        return None if answer is None else (answer,)

    def close(self) -> None:
        pass


class Connection:
    """A driver's connection."""

    def __init__(self, process: int = 7, **answers: Any) -> None:
        self.said: list[str] = []
        self.info = SimpleNamespace(backend_pid=process)
        self._answers = {child._SERVER_PROCESS: 7, **answers}

    def cursor(self) -> Cursor:
        return Cursor(self._answers, self.said)

    def commit(self) -> None:
        self.said.append("commit")

    def rollback(self) -> None:
        self.said.append("rollback")

    def cancel(self) -> None:
        self.said.append("cancel")


class Ears:
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []
        self.on_cancel: Any = None

    def say(self, message: dict[str, Any]) -> None:
        self.said.append(message)


def sessions(ears: Ears | None = None) -> child.Sessions:
    made = child.Sessions(cast(Any, ears or Ears()), "what to do")
    made.renew({"proof": "proof", "rules": "rules"})
    return made


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX CONCURRENTLY i ON t (a)",
        "create unique index\n concurrently if not exists i on t (a)",
        "-- why\n/* and\nwhy not */ DROP INDEX CONCURRENTLY i",
        "REINDEX TABLE CONCURRENTLY t",
        "REINDEX (VERBOSE) INDEX CONCURRENTLY i",
        "REINDEX (CONCURRENTLY, VERBOSE) TABLE t",
    ],
)
def test_what_works_concurrently_has_no_timeouts(statement: str) -> None:
    assert child.patience_for(statement) == child._NO_TIMEOUTS


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX i ON t (a)",
        "CREATE INDEX concurrently_made ON t (a)",
        "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
        "UPDATE t SET a = 'CREATE INDEX CONCURRENTLY i ON t (a)'",
        "REINDEX TABLE concurrently_t",
        "REINDEX (VERBOSE) TABLE t",
        "-- CREATE INDEX CONCURRENTLY i ON t (a)",
        "VALIDATE CONSTRAINT",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
        "",
    ],
)
def test_anything_else_is_bounded(statement: str) -> None:
    assert child.patience_for(statement) is None


def test_a_validation_keeps_its_lock_timeout() -> None:
    longer = child.patience_for("ALTER TABLE ONLY t\n  VALIDATE CONSTRAINT c")
    assert longer is not None
    assert "lock_timeout" not in longer


def test_the_rules_come_back_after_a_patient_statement_also_where_it_fails() -> None:
    connection = Connection()
    with pytest.raises(LookupError), sessions().patience(connection, "DROP INDEX CONCURRENTLY i"):
        raise LookupError
    assert connection.said == [child._NO_TIMEOUTS, "rules"]
    in_a_failed_transaction = Connection(rules=RuntimeError("aborted"))
    with sessions().patience(in_a_failed_transaction, "DROP INDEX CONCURRENTLY i"):
        pass
    bounded = Connection()
    with sessions().patience(bounded, "DROP INDEX i"):
        pass
    assert bounded.said == []


@pytest.mark.parametrize(
    ("statement", "alone", "committed"),
    [
        ("ALTER TABLE t ADD a int", False, False),
        ("ALTER TABLE t ADD a int", True, True),
        ("select 1", True, False),
        (" /* so */ COMMIT", False, True),
        ("comment on table t is 'commit'", False, False),
        ("END", False, True),
        ("select commit from t", False, False),
    ],
)
def test_what_may_stay_although_a_migration_fails_is_known(statement: str, alone: bool, committed: bool) -> None:
    statements = child.Statements(cast(Any, Ears()))
    statements.tell(statement, alone=alone)
    assert statements.committed is committed


def test_a_million_statements_are_counted_and_not_told() -> None:
    ears = Ears()
    statements = child.Statements(cast(Any, ears))
    for _ in range(child.MOST_TOLD + 5):
        statements.tell("x" * (child.LONGEST_TOLD + 1), alone=False)
    assert (statements.count, len(ears.said)) == (child.MOST_TOLD + 5, child.MOST_TOLD)
    assert len(ears.said[0]["sent"]) == child.LONGEST_TOLD


def test_a_connection_is_proved_before_anything_is_set() -> None:
    connection, ears = Connection(), Ears()
    sessions(ears).open(connection)
    assert connection.said[:2] == ["proof", child._SERVER_PROCESS]
    assert connection.said[2:] == ["rules", child.TOGETHER, "commit", child._LOOK_AFTER_CLIENT, "commit"]
    assert ears.said == [{"connected": 7}]


def test_a_server_that_cannot_look_after_its_client_is_used_all_the_same() -> None:
    connection = Connection(**{child._LOOK_AFTER_CLIENT: RuntimeError("not supported by this platform")})
    sessions().open(connection)
    assert connection.said[-1] == "rollback"


@pytest.mark.parametrize(
    ("connection", "words"),
    [
        (Connection(proof=False), "another database"),
        (Connection(proof=None), "another database"),
        (Connection(process=8), "through a pooler"),
        (Connection(**{child.TOGETHER: False}), "another run of migsafe"),
    ],
)
def test_a_connection_that_is_not_right_is_refused_and_that_is_remembered(connection: Connection, words: str) -> None:
    made = sessions()
    with pytest.raises(child.Refused, match=words) as refused:
        made.open(connection)
    assert made.refusal is refused.value
    assert "commit" not in connection.said
    assert refused.value.answer["order"] is False
    made.renew({"proof": "proof", "rules": "rules"})
    assert made.refusal is None


def test_who_is_told_to_stop_cancels_and_sends_nothing_more() -> None:
    connection, ears = Connection(), Ears()
    made = sessions(ears)
    made.open(connection)
    made.check_canceled()
    ears.on_cancel()
    assert connection.said[-1] == "cancel"
    with pytest.raises(InterruptedError):
        made.check_canceled()


def test_drivers_say_their_process_in_different_ways() -> None:
    assert child.announced_process(SimpleNamespace(get_backend_pid=lambda: 5)) == 5
    inner = SimpleNamespace(get_server_pid=lambda: 6)
    assert child.announced_process(SimpleNamespace(driver_connection=inner)) == 6
    assert child.announced_process(SimpleNamespace()) is None


def test_an_address_is_spelt_as_libpq_reads_it() -> None:
    assert child.spelt(SOCKET) == "postgresql://postgres@%2Frun%2Fmy%20sockets:5432/shop"
    far = {"host": "::1", "port": "1", "user": "a/b", "password": "p@:%", "dbname": "x y", "sslmode": "require"}
    assert child.spelt(far) == "postgresql://a%2Fb:p%40%3A%25@[::1]:1/x%20y?sslmode=require"


def test_the_environment_names_no_other_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())  # it says the address in its own process, for good
    names = ("PGSERVICE", "PGOPTIONS", "PGPASSWORD", "PGHOST", "PGSSLMODE", "SHOP_URL")
    for name in names:
        monkeypatch.setenv(name, "elsewhere")
    child.announce(SOCKET, ["SHOP_URL"], "postgresql://here")
    assert {name: os.environ[name] for name in names if name in os.environ} == {
        "PGHOST": "/run/my sockets",
        "SHOP_URL": "postgresql://here",
    }


def test_an_error_is_said_by_its_first_line_and_placed_in_its_file() -> None:
    with pytest.raises(ValueError, match="one") as raised:
        raise ValueError("one\ntwo")
    assert child.first_line(raised.value) == "ValueError: one"
    assert child.line_in(raised.value, __file__) is not None
    assert child.line_in(raised.value, "/elsewhere.py") is None
