"""Modules that the protocol buffer compiler has generated: their enums, read from the descriptor that each carries.

Running one needs the library in a version that suits, and every file that it depends on. Revisions want no more of them
than the names and numbers of enums; messages stay unknown.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

# fields of FileDescriptorProto, EnumDescriptorProto and EnumValueDescriptorProto in google/protobuf/descriptor.proto
_FILE_ENUM = 5
_NAME = 1
_ENUM_VALUE = 2
_VALUE_NUMBER = 2


class ProtobufEnum:
    """An enum as generated code offers it (`google.protobuf.internal.enum_type_wrapper`)."""

    def __init__(self, members: dict[str, int]) -> None:
        self._members = members

    def Name(self, number: int) -> str:
        """The name of a number.

        Raises:
            ValueError: there is none.
        """
        for name, value in self._members.items():
            if value == number:
                return name
        raise ValueError(f"no enum member has the number {number}")

    def Value(self, name: str) -> int:
        """The number of a name.

        Raises:
            ValueError: there is no such name.
        """
        if name not in self._members:
            raise ValueError(f"no enum member is named {name}")
        return self._members[name]

    def keys(self) -> list[str]:
        """All names."""
        return list(self._members)

    def values(self) -> list[int]:
        """All numbers."""
        return list(self._members.values())

    def items(self) -> list[tuple[str, int]]:
        """All members."""
        return list(self._members.items())

    def __getattr__(self, name: str) -> int:
        members = self.__dict__.get("_members", {})
        if name not in members:
            raise AttributeError(name)
        number: int = members[name]
        return number


def define_enums(module: ModuleType, source: bytes) -> None:
    """Give a module the enums of the descriptors in its source."""
    for descriptor in _descriptors(source):
        for name, members in _enums(descriptor):
            module.__dict__.update({name: ProtobufEnum(members), **members})


def _descriptors(source: bytes) -> Iterator[bytes]:
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "AddSerializedFile"
        ):
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, bytes):
                    yield argument.value


def _enums(descriptor: bytes) -> Iterator[tuple[str, dict[str, int]]]:
    for field, enum in _fields(descriptor):
        if field == _FILE_ENUM:
            parts = list(_fields(enum))
            members = dict(_member(value) for part, value in parts if part == _ENUM_VALUE)
            yield next(value.decode() for part, value in parts if part == _NAME), members


def _member(encoded: bytes) -> tuple[str, int]:
    parts: dict[int, Any] = dict(_fields(encoded))
    return parts[_NAME].decode(), parts.get(_VALUE_NUMBER, 0)


def _fields(encoded: bytes) -> Iterator[tuple[int, Any]]:
    """Field numbers and values of an encoded message (protobuf.dev/programming-guides/encoding)."""
    at = 0
    while at < len(encoded):
        tag, at = _varint(encoded, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(encoded, at)
            yield tag >> 3, value
        else:
            length, at = _varint(encoded, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            yield tag >> 3, encoded[at : at + length]
            at += length


def _varint(encoded: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = encoded[at]
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if not byte & 0x80:
            return value, at
