"""Moments that a rule can look at beside operations."""

from __future__ import annotations

from dataclasses import dataclass

from migsafe.model.operation import BaseOperation


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOfScript(BaseOperation):
    """A script has run to its end; the context is the one that it leaves behind. Its span is empty, at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceholderLeft(BaseOperation):
    """A template placeholder without a configured value; its span is the placeholder."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileUnread(BaseOperation):
    """A file of the layout could not be read; its span is empty, at the start."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRendered(BaseOperation):
    """A migration that is a program could not be followed from here on; its span is empty."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreWithoutEffect(BaseOperation):
    """An ignore comment that takes nothing away; its span is the comment.

    Attributes:
        waiver: it is about phases, and cannot hold as it is written.
    """

    rules: tuple[str, ...]
    reason: str
    waiver: bool = False
