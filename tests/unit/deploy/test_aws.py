"""What errors of AWS mean to a person."""

from __future__ import annotations

import sys
from contextlib import closing

import pytest

from loopback import Says, serving
from migsafe.deploy.aws import Aws, explain
from migsafe.deploy.errors import ProviderRefusedError
from migsafe.errors import EnvironmentFailedError

WHO = "User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform"


class _Refusal(Exception):
    """As boto3 raises what a service refuses."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.response = {"Error": {"Code": code, "Message": message}}


@pytest.mark.parametrize(("code", "message", "said"), [
    ("AccessDenied", f"{WHO}: elasticloadbalancing:ModifyRule on resource: x",
     "the AWS credentials lack the right elasticloadbalancing:ModifyRule"),
    ("AccessDeniedException", "no", "the AWS credentials lack the right elasticloadbalancing:ModifyListener"),
    ("ExpiredToken", "expired", "the AWS credentials have expired"),
    ("ExpiredTokenException", "expired", "the AWS credentials have expired"),
    ("InvalidClientTokenId", "invalid", "AWS does not accept the credentials (InvalidClientTokenId)"),
    ("Throttling", "Rate exceeded", "AWS asks to slow down (ModifyListener: Throttling)"),
    ("TooManyTargets", "too many", "AWS refused ModifyListener: too many (TooManyTargets)"),
    ("InternalFailure", "", "AWS refused ModifyListener: no reason given (InternalFailure)"),
])  # fmt: skip
def test_a_refusal(code: str, message: str, said: str) -> None:
    error = explain(_Refusal(code, message), "elbv2", "ModifyListener")
    assert isinstance(error, EnvironmentFailedError)
    assert error.message == said


def test_the_right_of_another_service() -> None:
    error = explain(_Refusal("AccessDenied", "no"), "cloudwatch", "GetMetricData")
    assert error.message == "the AWS credentials lack the right cloudwatch:GetMetricData"


def test_what_does_not_exist() -> None:
    error = explain(_Refusal("TargetGroupNotFound", "One or more target groups not found"), "elbv2", "RegisterTargets")
    assert isinstance(error, ProviderRefusedError)
    assert error.message == "RegisterTargets: One or more target groups not found (TargetGroupNotFound)"


def test_no_secret_of_a_message_is_told() -> None:
    error = explain(_Refusal("Odd", "token=abcdef123456 for AKIAABCDEFGHIJKLMNOP"), "elbv2", "X")
    assert "abcdef123456" not in error.message
    assert "AKIA" not in error.message


@pytest.mark.parametrize(("name", "said"), [
    ("NoCredentialsError", "there are no AWS credentials"),
    ("ProfileNotFound", "there are no AWS credentials"),
    ("UnauthorizedSSOTokenError", "the AWS sign-in has expired"),
    ("EndpointConnectionError", "AWS (elbv2) cannot be reached: no route"),
])  # fmt: skip
def test_an_error_of_the_client(name: str, said: str) -> None:
    assert explain(type(name, (Exception,), {})("no route"), "elbv2", "X").message == said


def test_boto3_names_its_errors_as_expected() -> None:
    exceptions = pytest.importorskip("botocore.exceptions", reason="boto3 is not installed")
    for name in ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "CredentialRetrievalError",
                 "UnauthorizedSSOTokenError", "SSOTokenLoadError", "TokenRetrievalError", "SSOError",
                 "NoAuthTokenError"):  # fmt: skip
        assert hasattr(exceptions, name)


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("boto3", reason="boto3 is not installed")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setattr("migsafe.deploy.aws._ATTEMPTS", 1)
    aws = Aws("eu-west-1", "http://127.0.0.1:1")
    with pytest.raises(EnvironmentFailedError, match=r"AWS \(elbv2\) cannot be reached: "):
        aws.call("elbv2", "DescribeListeners")
    aws.close()


@pytest.mark.parametrize("status", [200, 403, 502])
def test_what_answers_is_not_aws(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy or a login page in between: the engine is away for a while, and nobody's program is broken."""
    pytest.importorskip("boto3", reason="boto3 is not installed")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setattr("migsafe.deploy.aws._ATTEMPTS", 1)
    page = Says(status, "<!doctype html>\n<title>Sign in</title>\n", {"Content-Type": "text/html"})
    with serving(lambda asked: page) as server, closing(Aws("eu-west-1", server.url)) as aws:
        with pytest.raises(EnvironmentFailedError) as caught:
            aws.call("elbv2", "DescribeListeners")
        assert caught.value.message == "what answers for AWS (elbv2) does not speak as AWS does"


def test_without_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(EnvironmentFailedError, match="boto3 is not installed") as caught:
        Aws("eu-west-1")
    assert caught.value.hint == "pip install 'migsafe-toolkit[aws]'"
