"""AWS, as this package speaks to it: the only place that knows boto3, and what its errors mean to a person.

Credentials are found as every AWS tool finds them (environment, profile, role of the machine); none is read here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from migsafe import __version__
from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.redaction import Redaction
from migsafe.errors import EnvironmentFailedError, MigsafeError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

#: What rights are called, where a service's client is called otherwise.
_RIGHTS = {"elbv2": "elasticloadbalancing"}
_PERFORM = re.compile(r"not authorized to perform:? ([\w-]+:\w+)")

_NO_RIGHT = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_UNKNOWN = frozenset(
    {
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "AuthFailure",
        "InvalidAccessKeyId",
        "MissingAuthenticationToken",
        "IncompleteSignature",
        "OptInRequired",
    }
)
_BUSY = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"})
#: Errors of the client that say that there are no credentials, or none that still hold.
_NO_CREDENTIALS = frozenset(
    {"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "CredentialRetrievalError", "NoAuthTokenError"}
)
_SIGN_IN = frozenset({"UnauthorizedSSOTokenError", "SSOTokenLoadError", "TokenRetrievalError", "SSOError"})

_CONNECT_S, _ANSWER_S, _ATTEMPTS = 5, 15, 4


class Aws:
    """The services of one region. A client is made when it is first needed."""

    def __init__(self, region: str, endpoint_url: str | None = None) -> None:
        """
        Args:
            endpoint_url: where all services are, instead of at AWS.

        Raises:
            EnvironmentFailedError: when boto3 is not installed.
        """
        _boto3()
        self.region = region
        self.endpoint_url = endpoint_url
        self._clients: dict[str, Any] = {}

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Ask once; the client itself tries again when a service is busy.

        Args:
            service: as boto3 calls it, `elbv2`.
            operation: as the API calls it, `DescribeListeners`.

        Raises:
            ProviderRefusedError: when what is named does not exist.
            EnvironmentFailedError: when AWS cannot be reached, or refuses.
        """
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError  # an answer that is not AWS's; of neither kind

        try:
            answer: dict[str, Any] = getattr(self._client(service), _snake(operation))(**parameters)
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise explain(error, service, operation) from None
        return answer

    def every(self, service: str, operation: str, key: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """What all pages of an answer hold under a key. Raises like `call`."""
        marker_in, marker_out = ("Marker", "NextMarker") if service == "elbv2" else ("NextToken", "NextToken")
        while True:
            answer = self.call(service, operation, **parameters)
            yield from answer.get(key, [])
            if not answer.get(marker_out):
                return
            parameters[marker_in] = answer[marker_out]

    def close(self) -> None:
        """Let go of the connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            from botocore.config import Config

            self._clients[service] = _boto3().client(
                service,
                region_name=self.region,
                endpoint_url=self.endpoint_url,
                config=Config(
                    connect_timeout=_CONNECT_S,
                    read_timeout=_ANSWER_S,
                    retries={"mode": "standard", "max_attempts": _ATTEMPTS},
                    user_agent_extra=f"migsafe/{__version__}",
                ),
            )
        return self._clients[service]


def explain(error: Exception, service: str, operation: str) -> MigsafeError:
    """What an error of boto3 means, and what a person can do about it.

    Args:
        error: a `ClientError`, a `BotoCoreError`, or a `ResponseParserError`.
    """
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        said = response.get("Error", {})
        return _refused(str(said.get("Code", "")), str(said.get("Message", "")), service, operation)
    return _away(type(error).__name__, str(error), service)


def _refused(code: str, message: str, service: str, operation: str) -> MigsafeError:
    if code in _NO_RIGHT:
        named = _PERFORM.search(message)
        right = named[1] if named else f"{_RIGHTS.get(service, service)}:{operation}"
        return EnvironmentFailedError(
            f"the AWS credentials lack the right {right}", hint="docs/deploy-aws-alb.md has the policy that it takes"
        )
    if code in _EXPIRED:
        return EnvironmentFailedError(
            "the AWS credentials have expired", hint="sign in again, then go on: migsafe deploy resume"
        )
    if code in _UNKNOWN:
        return EnvironmentFailedError(
            f"AWS does not accept the credentials ({code})", hint="see who you are: aws sts get-caller-identity"
        )
    if code in _BUSY:
        return EnvironmentFailedError(f"AWS asks to slow down ({operation}: {code})", hint="try again in a minute")
    told = Redaction().line(message) or "no reason given"
    if code.endswith("NotFound"):
        return ProviderRefusedError(f"{operation}: {told} ({code})", hint="is it another account or region?")
    return EnvironmentFailedError(f"AWS refused {operation}: {told} ({code})")


def _away(name: str, message: str, service: str) -> MigsafeError:
    if name in _NO_CREDENTIALS:
        return EnvironmentFailedError(
            "there are no AWS credentials", hint="set AWS_PROFILE, or sign in: aws sso login, aws configure"
        )
    if name in _SIGN_IN:
        return EnvironmentFailedError("the AWS sign-in has expired", hint="sign in again: aws sso login")
    if name == "ResponseParserError":
        return EnvironmentFailedError(
            f"what answers for AWS ({service}) does not speak as AWS does",
            hint="is a proxy in between, or a login page?",
        )
    return EnvironmentFailedError(f"AWS ({service}) cannot be reached: {Redaction().line(message)}")


def _snake(operation: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def _boto3() -> ModuleType:
    try:
        import boto3
    except ImportError:
        raise EnvironmentFailedError(
            "boto3 is not installed, and without it AWS cannot be reached", hint="pip install 'migsafe-toolkit[aws]'"
        ) from None
    module: ModuleType = boto3
    return module
