"""The canonical form: the bytes of which the digest and the HMAC of a state document are made.

They are those of the JSON Canonicalization Scheme (RFC 8785, section 3.2) of the document without its members
`digest` and `hmac`, and can be made in any language:

- UTF-8, without space between tokens;
- members of an object in the order of their names' UTF-16 code units; elements of an array in their own order;
- strings with the escapes `\\"`, `\\\\`, `\\b`, `\\f`, `\\n`, `\\r`, `\\t`, other control characters as `\\u00xx` in
  lower case, and every other character as itself, not normalised;
- numbers are whole, and no farther from 0 than 2^53 - 1, so that they are written in one way only. A document with
  any other number has no canonical form; nor has one with half of a surrogate pair, which UTF-8 cannot hold.

Members that a reader does not know are sealed like all others.
"""

from __future__ import annotations

import json
from typing import Any

from migsafe.evidence.state.errors import StateError

#: Members that are made of the canonical form, and so cannot be a part of it.
SEALS = frozenset({"digest", "hmac"})

_MOST = 2**53 - 1


def canonical(document: dict[str, Any]) -> bytes:
    """The canonical form of a document's body.

    Args:
        document: as `json.loads` gives it, with or without its seals.

    Raises:
        StateError: when it has none.
    """
    body = {name: value for name, value in document.items() if name not in SEALS}
    return json.dumps(_ordered(body, "$"), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _ordered(value: object, path: str) -> object:
    """The value with the members of all objects in order; what has no canonical form is refused."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: _utf16(name, path))
        return {name: _ordered(value[name], f"{path}.{name}") for name in names}
    if isinstance(value, list):
        return [_ordered(item, f"{path}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, str):
        _utf16(value, path)
    elif isinstance(value, float):
        raise StateError(f"{path}: {value} is a fraction; numbers of a state document are whole")
    elif isinstance(value, int) and abs(value) > _MOST:
        raise StateError(f"{path}: {value} is too far from 0; at most 2^53 - 1 has one way to be written")
    return value


def _utf16(text: str, path: str) -> bytes:
    try:
        return text.encode("utf-16-be")
    except UnicodeEncodeError:
        raise StateError(f"{path}: {text!a} holds half of a surrogate pair") from None
