"""Whether a document is the one that was sealed.

A digest shows an accident: a slip of an editor, half a copy. An HMAC shows an intent: without the key nobody can make
one. The key is the UTF-8 of an environment's variable, which the setting `state_key = "env:NAME"` names.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Literal

from migsafe.errors import ConfigurationError
from migsafe.evidence.state.errors import StateError, TamperedStateError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.model.state import StateDocument

#: A shorter key can be guessed.
MIN_KEY_BYTES = 16

_REREAD = "export it anew; a document written by hand is sealed anew"


def digest_of(body: bytes) -> str:
    """The digest of a canonical body, as the document holds it."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def hmac_of(body: bytes, key: bytes) -> str:
    """The HMAC of a canonical body, as the document holds it."""
    return f"hmac-sha256:{hmac.new(key, body, hashlib.sha256).hexdigest()}"


def verify_integrity(document: StateDocument, key: bytes | None = None) -> Literal["hmac", "digest"]:
    """What the document's integrity was verified by; what fails it is refused, never believed less.

    Args:
        document: as `read_state` gives it.
        key: the key of the HMAC; None where none is set. With a key, a document without an HMAC is refused: else
            whoever edits it would leave it out.

    Returns:
        "hmac" with a key, "digest" without one.

    Raises:
        TamperedStateError: when it is not the document that was sealed.
    """
    seal = document.seal
    if seal is None:
        raise StateError("this state was never sealed: nothing of it can be verified", hint=_REREAD)
    if not hmac.compare_digest(seal.digest, digest_of(seal.body)):
        raise TamperedStateError("$.digest: the document was changed after it was sealed", hint=_REREAD)
    if key is None:
        return "digest"
    if seal.hmac is None:
        raise TamperedStateError("$.hmac: it is missing, and a state_key is set", hint="export it with the key")
    if not hmac.compare_digest(seal.hmac, hmac_of(seal.body, key)):
        raise TamperedStateError("$.hmac: it was not made of this document with this key", hint=_REREAD)
    return "hmac"


def state_key(setting: str | None, environment: Mapping[str, str]) -> bytes | None:
    """The key that a setting names; None without a setting.

    Args:
        setting: `env:NAME`.
        environment: the variables, as `os.environ` holds them.

    Raises:
        ConfigurationError: when the setting names no variable, or the variable holds no key.
    """
    if setting is None:
        return None
    kind, _, name = setting.partition(":")
    if kind != "env" or not name:
        raise ConfigurationError('state_key names the variable that holds the key: "env:NAME"')
    key = environment.get(name, "").encode("utf-8", "surrogateescape")
    if len(key) < MIN_KEY_BYTES:
        found = f"has {len(key)} bytes" if key else "is not set"
        raise ConfigurationError(f"state_key: the variable {name} {found}; a key has at least {MIN_KEY_BYTES}")
    return key
