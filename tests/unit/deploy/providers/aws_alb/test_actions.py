"""Who has which share by the actions of a listener, and how they say another one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.providers.aws_alb.actions import Split, answers_itself, read_split, write_split

BLUE, GREEN, OLD = "arn:blue", "arn:green", "arn:old"
PLAIN = {"Type": "forward", "TargetGroupArn": BLUE}
PAGE = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}


def forward(sticky: dict[str, Any] | None = None, **weights: int) -> dict[str, Any]:
    groups = [{"TargetGroupArn": f"arn:{name}", "Weight": weight} for name, weight in weights.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups} | ({"TargetGroupStickinessConfig": sticky}
                                                                            if sticky is not None else {})}  # fmt: skip


class TestReading:
    def test_the_plain_shape(self) -> None:
        assert read_split([PLAIN]) == Split({BLUE: 1})

    def test_the_weighted_shape(self) -> None:
        assert read_split([forward(blue=95, green=5)]) == Split({BLUE: 95, GREEN: 5})

    def test_both_shapes_at_once_as_aws_answers(self) -> None:
        assert read_split([PLAIN | forward(blue=1)]) == Split({BLUE: 1})

    def test_a_group_without_weight_has_one(self) -> None:
        action = {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": BLUE}]}}
        assert read_split([action]) == Split({BLUE: 1})

    def test_stickiness(self) -> None:
        assert read_split([forward({"Enabled": True, "DurationSeconds": 60}, blue=1)]) == Split({BLUE: 1}, True, 60)
        assert read_split([forward({"Enabled": False}, blue=1)]) == Split({BLUE: 1})

    def test_after_a_sign_in(self) -> None:
        assert read_split([{"Type": "authenticate-cognito", "Order": 1}, PLAIN]) == Split({BLUE: 1})

    @pytest.mark.parametrize(("actions", "word"), [([PAGE], "fixed-response"), ([], "nothing")])
    def test_nothing_is_forwarded(self, actions: list[dict[str, Any]], word: str) -> None:
        assert read_split(actions) is None
        assert answers_itself(actions) == word


class TestShares:
    @pytest.mark.parametrize(("weights", "share"), [
        ({BLUE: 95, GREEN: 5}, 5), ({BLUE: 19, GREEN: 1}, 5), ({BLUE: 2, GREEN: 1}, 33), ({BLUE: 0, GREEN: 7}, 100),
        ({BLUE: 100, GREEN: 0}, 0), ({BLUE: 100}, 0), ({GREEN: 0}, 100), ({BLUE: 0, GREEN: 0}, 0), ({}, 0),
        ({BLUE: 999, GREEN: 1}, 1), ({BLUE: 1, GREEN: 999}, 99), ({BLUE: 50, GREEN: 25, OLD: 25}, 25),
    ])  # fmt: skip
    def test_of_green(self, weights: dict[str, int], share: int) -> None:
        assert Split(weights).share(GREEN) == share

    @given(st.integers(0, 999), st.integers(0, 999))
    def test_only_nothing_is_nothing_and_only_all_is_all(self, blue: int, green: int) -> None:
        share = Split({BLUE: blue, GREEN: green}).share(GREEN)
        assert (share == 0) is (green == 0)
        assert (share == 100) is (green > 0 and blue == 0)


class TestWriting:
    def test_what_is_written_is_read_again(self) -> None:
        for weight in range(101):
            written = write_split([PLAIN], {BLUE: 100 - weight, GREEN: weight})
            split = read_split(written)
            assert split is not None
            assert (split.share(BLUE), split.share(GREEN)) == (100 - weight, weight)
            assert "TargetGroupArn" not in written[0]

    def test_what_was_read_is_not_changed(self) -> None:
        before = [forward({"Enabled": True}, blue=100)]
        write_split(before, {BLUE: 50, GREEN: 50})
        assert before == [forward({"Enabled": True}, blue=100)]

    def test_stickiness_and_other_actions_are_kept(self) -> None:
        sign_in = {"Type": "authenticate-cognito", "Order": 1, "AuthenticateCognitoConfig": {"UserPoolArn": "x"}}
        sticky = {"Enabled": True, "DurationSeconds": 60}
        last = forward(sticky, blue=1) | {"Order": 2}
        assert write_split([sign_in, last], {BLUE: 90, GREEN: 10}) == [
            sign_in,
            forward(sticky, blue=90, green=10) | {"Order": 2},
        ]

    def test_a_secret_that_aws_does_not_show_is_kept_there(self) -> None:
        sign_in = {"Type": "authenticate-oidc", "AuthenticateOidcConfig": {"ClientId": "shop"}}
        (written, _) = write_split([sign_in, PLAIN], {BLUE: 100})
        assert written["AuthenticateOidcConfig"] == {"ClientId": "shop", "UseExistingClientSecret": True}

    def test_others_keep_their_place_without_traffic(self) -> None:
        assert write_split([forward(blue=60, old=40)], {BLUE: 100}) == [forward(blue=100, old=0)]
        assert write_split([forward(blue=60, old=40)], {BLUE: 100}, without=OLD) == [forward(blue=100)]

    @pytest.mark.parametrize("weights", [{BLUE: 101, GREEN: -1}, {BLUE: 99}, {BLUE: 60, GREEN: 60}, {}, {BLUE: 1000}])
    def test_weights_that_are_none(self, weights: dict[str, int]) -> None:
        with pytest.raises(ProviderRefusedError, match="weight"):
            write_split([PLAIN], weights)

    def test_a_page_is_not_torn_down(self) -> None:
        with pytest.raises(ProviderRefusedError, match=r"answers by itself \(fixed-response\)"):
            write_split([PAGE], {BLUE: 100})
