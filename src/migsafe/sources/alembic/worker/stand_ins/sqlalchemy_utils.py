"""Types of SQLAlchemy-Utils, stored as that library stores them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from sqlalchemy import types

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect


class UUIDType(types.TypeDecorator[uuid.UUID]):
    """`sqlalchemy_utils.UUIDType`: the server's own type on Postgres, sixteen bytes or text elsewhere."""

    impl = types.BINARY(16)
    cache_ok = True

    def __init__(self, binary: bool = True, native: bool = True) -> None:
        super().__init__()
        self.binary = binary
        self.native = native

    def load_dialect_impl(self, dialect: Dialect) -> types.TypeEngine[Any]:
        """As the library chooses."""
        if self.native and dialect.name == "postgresql":
            return dialect.type_descriptor(types.Uuid())
        return dialect.type_descriptor(types.BINARY(16) if self.binary else types.CHAR(32))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """The driver's form."""
        if value is None or (self.native and dialect.name == "postgresql"):
            return value
        value = value if isinstance(value, uuid.UUID) else uuid.UUID(str(value))
        return value.bytes if self.binary else value.hex

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """A UUID."""
        if value is None or isinstance(value, uuid.UUID):
            return value
        return uuid.UUID(int=1)


class _Encrypted(types.TypeDecorator[Any]):
    """Takes a key and an engine, which nothing is encrypted with here."""

    impl: Any
    cache_ok = True

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__()


class EncryptedType(_Encrypted):
    """`sqlalchemy_utils.EncryptedType`: what is encrypted is stored as bytes."""

    impl = types.LargeBinary


class StringEncryptedType(_Encrypted):
    """`sqlalchemy_utils.StringEncryptedType`: stored as text."""

    impl = types.String


class JSONType(types.TypeDecorator[Any]):
    """`sqlalchemy_utils.JSONType`: JSON on Postgres, text elsewhere."""

    impl = types.UnicodeText
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> types.TypeEngine[Any]:
        """As the library chooses."""
        return dialect.type_descriptor(types.JSON() if dialect.name == "postgresql" else types.UnicodeText())


class ChoiceType(types.TypeDecorator[Any]):
    """`sqlalchemy_utils.ChoiceType`: stored as its `impl`, text by default."""

    impl = types.Unicode(255)
    cache_ok = True

    def __init__(self, choices: object = None, impl: Any = None) -> None:
        super().__init__()
        if impl is not None:
            self.impl = impl() if isinstance(impl, type) else impl


def _text_type(name: str, length: int | None) -> type[types.TypeDecorator[Any]]:
    implementation = types.Unicode(length) if length else types.UnicodeText()
    return type(name, (types.TypeDecorator,), {"impl": implementation, "cache_ok": True, "__doc__": f"`{name}`."})


NAMES: dict[str, Any] = {
    "UUIDType": UUIDType,
    "EncryptedType": EncryptedType,
    "StringEncryptedType": StringEncryptedType,
    "JSONType": JSONType,
    "ChoiceType": ChoiceType,
    "EmailType": _text_type("EmailType", 255),
    "URLType": _text_type("URLType", None),
    "IPAddressType": _text_type("IPAddressType", 50),
    "PhoneNumberType": _text_type("PhoneNumberType", 20),
    "TimezoneType": _text_type("TimezoneType", 50),
    "LocaleType": _text_type("LocaleType", 10),
    "CountryType": _text_type("CountryType", 2),
    "CurrencyType": _text_type("CurrencyType", 3),
    "ScalarListType": _text_type("ScalarListType", None),
}


class _EveryModule:
    """`sqlalchemy_utils.types.uuid.UUIDType` and the like: the types under whichever module they are wanted."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return NAMES.get(name, self)


NAMES["types"] = _EveryModule()
