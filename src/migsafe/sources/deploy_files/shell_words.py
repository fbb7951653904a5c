"""Shell text as words and signs, with their places: quotes, comments, here-documents and continued lines are known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from migsafe.model.script import Span

_SIGNS = ("&&", "||", ";;&", ";;", ";&", "|&", ";", "|", "&", "(", ")", "\n")
_REDIRECTION = re.compile(r"\d*(?:<<<|>>|>\||<>|>&|<&|&>>|&>|>|<<|<)")
_HERE = re.compile(r"\d*<<(?P<strip>-?)[ \t]*(?P<quote>['\"\\]?)(?P<word>[\w.-]+)['\"]?")
_CLOSING = {"(": ")", "{": "}"}


class Token(NamedTuple):
    """A word, or a sign between commands.

    Attributes:
        text: a word without its quotes; variables stay as they are written.
        quoted: some of the word stood in quotes: it is no reserved word.
    """

    kind: Literal["word", "sign"]
    text: str
    span: Span
    quoted: bool = False


def tokens(text: str) -> Iterator[Token]:
    """The tokens of shell text, in order; redirections are left out, with what they lead to."""
    return iter(_Scanner(text).scan())


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._here: list[tuple[str, bool]] = []

    def scan(self) -> list[Token]:
        found: list[Token] = []
        drop_next = False
        while self._place < len(self._text):
            token = self._next()
            if token is None:
                continue
            dropped, drop_next = drop_next and token.kind == "word", False
            if dropped:
                continue
            if token.kind == "word" and token.text == "" and not token.quoted:
                drop_next = True
                continue
            found.append(token)
        return found

    def _next(self) -> Token | None:
        """The next token; None for what is none; an empty word for a redirection."""
        text, start = self._text, self._place
        char = text[start]
        if char in " \t\r" or text.startswith("\\\n", start) or text.startswith("\\\r\n", start):
            self._place += 1 if char != "\\" else text.index("\n", start) - start + 1
            return None
        if char == "#":
            end = text.find("\n", start)
            self._place = len(text) if end < 0 else end
            return None
        if here := _HERE.match(text, start):
            self._here.append((here["word"], here["strip"] == "-"))
            self._place = here.end()
            return None
        if redirection := _REDIRECTION.match(text, start):
            self._place = redirection.end()
            return Token("word", "", Span(start, self._place))
        sign = next((sign for sign in _SIGNS if text.startswith(sign, start)), None)
        if sign is None:
            return self._word()
        self._place += len(sign)
        if sign == "\n":
            self._skip_here_documents()
        return Token("sign", sign, Span(start, start + len(sign)))

    def _skip_here_documents(self) -> None:
        for word, strip in self._here:
            while self._place < len(self._text):
                end = self._text.find("\n", self._place)
                line = self._text[self._place : end if end >= 0 else len(self._text)].rstrip("\r")
                self._place = len(self._text) if end < 0 else end + 1
                if (line.lstrip("\t") if strip else line) == word:
                    break
        self._here.clear()

    def _word(self) -> Token:
        text, start = self._text, self._place
        parts: list[str] = []
        quoted = False
        while self._place < len(text):
            char = text[self._place]
            if char in " \t\r\n;|&()<>":
                break
            if char in "'\"":
                quoted = True
                parts.append(self._quoted(char))
            elif char == "\\":
                parts.append(
                    "" if text[self._place + 1 : self._place + 2] == "\n" else text[self._place + 1 : self._place + 2]
                )
                self._place += 2
            elif char == "`" or text.startswith(("$(", "${"), self._place):
                parts.append(self._substitution())
            else:
                parts.append(char)
                self._place += 1
        return Token("word", "".join(parts), Span(start, min(self._place, len(text))), quoted)

    def _quoted(self, quote: str) -> str:
        """What stands in quotes; where they never end, the rest of the text."""
        text = self._text
        place = self._place + 1
        parts: list[str] = []
        while place < len(text) and text[place] != quote:
            if quote == '"' and text[place] == "\\" and text[place + 1 : place + 2] in {'"', "\\", "$", "`", "\n"}:
                parts.append("" if text[place + 1] == "\n" else text[place + 1])
                place += 2
                continue
            parts.append(text[place])
            place += 1
        self._place = place + 1
        return "".join(parts)

    def _substitution(self) -> str:
        """`$(…)`, `${…}` or `` `…` ``, whole and as it is written."""
        text, start = self._text, self._place
        if text[start] == "`":
            end = text.find("`", start + 1)
            self._place = len(text) if end < 0 else end + 1
            return text[start : self._place]
        opening = text[start + 1]
        closing, depth, place = _CLOSING[opening], 0, start + 1
        while place < len(text):
            depth += (text[place] == opening) - (text[place] == closing)
            place += 1
            if depth == 0:
                break
        self._place = place
        return text[start:place]
