"""Two answers to one query, compared."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.shadow.compat.answer import Answer, Refusal, ResultColumn, Run
from migsafe.shadow.compat.classify import classify
from migsafe.shadow.compat.forms import Form
from migsafe.shadow.compat.query import Breakage, Layer, Origin, Query

QUERY = Query("select a, b from t where a = $1", Origin.FILE)
A = ResultColumn("a", "integer", "integer")
B = ResultColumn("b", "character varying", "character varying(20)")
BEFORE = Answer(Form(QUERY.sql), ("integer",), (A, B), runs=(Run(("1",)),))


def judged(**changes: object) -> Breakage | None:
    return classify(QUERY, BEFORE, replace(BEFORE, **changes))  # type: ignore[arg-type]  # fields by name


def kind_and_layer(breakage: Breakage | None) -> tuple[str, Layer] | None:
    return None if breakage is None else (breakage.kind, breakage.layer)


def test_the_same_answer_is_no_breakage() -> None:
    assert classify(QUERY, BEFORE, BEFORE) is None


def test_a_refusal_breaks() -> None:
    breakage = classify(QUERY, BEFORE, Refusal("42703", 'column "a" does not exist'))
    assert breakage == Breakage(QUERY, Layer.PARSE, "42703", 'column "a" does not exist', "breaks")


def test_a_refusal_of_guessed_types_may_be_the_guess() -> None:
    before = replace(BEFORE, form=Form(QUERY.sql, (23,), guessed=True))
    breakage = classify(QUERY, before, Refusal("42883", "operator does not exist"))
    assert kind_and_layer(breakage) == ("maybe", Layer.PARSE)


def test_parameter_types() -> None:
    breakage = judged(parameters=("bigint",))
    assert kind_and_layer(breakage) == ("maybe", Layer.PARSE)
    assert breakage is not None
    assert breakage.message == "parameter $1 was integer and is bigint"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ((A, B, ResultColumn("c", "text", "text")), ("shape", Layer.RESULT)),
        ((ResultColumn("c", "text", "text"), A, B), ("shape", Layer.RESULT)),
        ((B, A), ("shape", Layer.RESULT)),
        ((A, B._replace(full_type="character varying(30)")), ("shape", Layer.RESULT)),
        ((A, B, B), ("shape", Layer.RESULT)),
        ((A,), ("maybe", Layer.PARSE)),
        ((A, B._replace(name="c")), ("maybe", Layer.PARSE)),
        ((A._replace(type="bigint", full_type="bigint"), B), ("maybe", Layer.PARSE)),
        ((B, A._replace(type="bigint", full_type="bigint")), ("maybe", Layer.PARSE)),
        ((A, B), None),
    ],
)
def test_result_columns(columns: tuple[ResultColumn, ...], expected: tuple[str, Layer] | None) -> None:
    assert kind_and_layer(judged(columns=columns)) == expected


def test_two_result_columns_of_one_name_are_matched_one_by_one() -> None:
    before = replace(BEFORE, columns=(A, A))
    assert kind_and_layer(classify(QUERY, before, replace(before, columns=(A,)))) == ("maybe", Layer.PARSE)


class TestPlans:
    def test_a_refused_plan_breaks(self) -> None:
        breakage = judged(plan_refusal=Refusal("42P10", "no constraint for ON CONFLICT"))
        assert kind_and_layer(breakage) == ("breaks", Layer.PLAN)

    @pytest.mark.parametrize("sqlstate", ["57014", "53200", None])
    def test_a_server_that_could_not_plan_says_nothing(self, sqlstate: str | None) -> None:
        assert judged(plan_refusal=Refusal(sqlstate, "")) is None

    def test_a_value_that_a_domain_refuses_may_be_made_up(self) -> None:
        assert kind_and_layer(judged(plan_refusal=Refusal("23514", ""))) == ("maybe", Layer.PLAN)

    def test_a_column_always_null_breaks(self) -> None:
        breakage = judged(nulls=('column "c" of "t"',))
        assert kind_and_layer(breakage) == ("breaks", Layer.PLAN)
        assert breakage is not None
        assert breakage.sqlstate == "23502"
        assert '"c"' in breakage.message

    def test_a_query_that_gave_null_before_is_not_broken_now(self) -> None:
        before = replace(BEFORE, nulls=('column "c" of "t"',))
        assert classify(QUERY, before, before) is None
        assert classify(QUERY, before, replace(before, nulls=(*before.nulls, 'column "d" of "t"'))) is None


class TestExecutions:
    @pytest.mark.parametrize("sqlstate", ["23502", "23514", "22001", "22P02", "23503"])
    def test_a_new_refusal_may_be_that_of_made_up_values(self, sqlstate: str) -> None:
        breakage = judged(runs=(Run(("1",), Refusal(sqlstate, "refused")),))
        assert breakage == Breakage(QUERY, Layer.EXECUTE, sqlstate, "refused", "maybe")

    @pytest.mark.parametrize("sqlstate", ["23505", "57014", "40P01", "P0001", "22012", None])
    def test_other_refusals_say_nothing(self, sqlstate: str | None) -> None:
        assert judged(runs=(Run(("1",), Refusal(sqlstate, "refused")),)) is None

    def test_the_same_refusal_is_no_change(self) -> None:
        before = replace(BEFORE, runs=(Run(("1",), Refusal("23514", "one check")),))
        after = replace(BEFORE, runs=(Run(("1",), Refusal("23514", "another check")),))
        assert classify(QUERY, before, after) is None

    def test_a_refusal_that_is_gone_is_no_breakage(self) -> None:
        assert classify(QUERY, replace(BEFORE, runs=(Run(("1",), Refusal("23514", "")),)), BEFORE) is None

    @pytest.mark.parametrize(
        ("sql", "sqlstate", "kind"),
        [
            ("update t set a = 1", "23514", "breaks"),
            ("update t set a = 1", "23503", "maybe"),
            ("update t set a = random()", "23514", "maybe"),
            ("insert into t values (nextval('s'))", "23514", "maybe"),
            ("insert into t values (now())", "23514", "maybe"),
            ("insert into t values (known)", "23514", "breaks"),
        ],
    )
    def test_without_parameters_the_values_are_the_querys_own(self, sql: str, sqlstate: str, kind: str) -> None:
        before = Answer(Form(sql), (), (), runs=(Run(()),))
        breakage = classify(QUERY, before, replace(before, runs=(Run((), Refusal(sqlstate, "")),)))
        assert kind_and_layer(breakage) == (kind, Layer.EXECUTE)


def test_what_weighs_most_is_said() -> None:
    breakage = judged(
        parameters=("bigint",), nulls=('column "c" of "t"',), runs=(Run(("1",), Refusal("23503", "")),), columns=(A,)
    )
    assert kind_and_layer(breakage) == ("breaks", Layer.PLAN)
    lighter = judged(runs=(Run(("1",), Refusal("23503", "")),), parameters=("bigint",))
    assert kind_and_layer(lighter) == ("maybe", Layer.PARSE)


SQLSTATES = st.sampled_from(["23502", "23503", "23514", "22001", "22P02", "42P10", "57014", None])
REFUSALS = st.none() | st.builds(Refusal, SQLSTATES, st.text(max_size=5))
COLUMNS = st.builds(ResultColumn, *[st.sampled_from(["a", "b", "text"])] * 3)
ANSWERS = st.builds(
    Answer,
    form=st.just(Form(QUERY.sql)),
    parameters=st.lists(st.sampled_from(["integer", "text"]), max_size=2).map(tuple),
    columns=st.lists(COLUMNS, max_size=3).map(tuple),
    plan_refusal=REFUSALS,
    nulls=st.lists(st.sampled_from(["a", "b"]), max_size=2).map(tuple),
    runs=st.lists(st.builds(Run, st.just(()), REFUSALS), max_size=2).map(tuple),
)


@given(ANSWERS)
def test_no_answer_differs_from_itself(answer: Answer) -> None:
    assert classify(QUERY, answer, answer) is None


@given(ANSWERS, ANSWERS)
def test_what_differs_in_what_a_program_sees_is_said(before: Answer, after: Answer) -> None:
    if before.parameters != after.parameters and len(before.parameters) == len(after.parameters):
        assert classify(QUERY, before, after) is not None
    if before.columns != after.columns:
        assert classify(QUERY, before, after) is not None
