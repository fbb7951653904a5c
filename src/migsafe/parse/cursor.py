"""A place in a list of tokens, and the moves that a reader of statements makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NoReturn, Self, TypeVar

from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName, truncate_identifier
from migsafe.model.script import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from migsafe.parse.lexer import Token

_T = TypeVar("_T")

# The values of `lexer.Kind`, as the plain numbers that they are: this module is read before the lexer, and a number
# compares faster than an attribute of an enum is looked up.
WORD, QUOTED, STRING, NUMBER, SYMBOL, PLACEHOLDER = range(6)

_OPENING = frozenset("([")
_CLOSING = frozenset(")]")


class Stuck(Exception):
    """The reader met a token that it does not expect. Stays inside `parse`: it becomes an `Unreadable`.

    Attributes:
        reason: what was expected, and what stands there.
        span: the token in the way.
    """

    def __init__(self, reason: str, span: Span) -> None:
        super().__init__(reason)
        self.reason = reason
        self.span = span


class Cursor:
    """Reads tokens from left to right.

    `take…` methods move on and say what they took, or stay and say that there was nothing to take; `expect` and the
    methods named after what they return (`identifier`, `group`, …) raise `Stuck` instead. A part of the tokens (what
    stands in parentheses, an expression) is a cursor of its own on the same tokens.

    Attributes:
        text: the whole script.
        at: index of the next token.
        stop: index behind the last token of this cursor.
        dialect: whose names and expressions these are; a subclass says so for other dialects, with its own `fold`.
    """

    dialect: ClassVar[Dialect] = Dialect.POSTGRES
    __slots__ = ("at", "stop", "text", "tokens", "words")

    def __init__(self, text: str, tokens: list[Token], at: int = 0, stop: int | None = None) -> None:
        self.text = text
        self.tokens = tokens
        self.words = [token.word for token in tokens]
        self.at = at
        self.stop = len(tokens) if stop is None else stop

    def fold(self, token: Token) -> str:
        """A name as the database stores it. Postgres: lower case unless quoted, 63 bytes at most."""
        return truncate_identifier(token.text.lower() if token.kind == WORD else token.text)

    # -- looking -----------------------------------------------------------------------------------------------------

    @property
    def at_end(self) -> bool:
        """Whether all tokens are read."""
        return self.at >= self.stop

    def word(self, ahead: int = 0) -> str:
        """The upper-case word or the symbol that stands `ahead` tokens further; empty for anything else and the end."""
        index = self.at + ahead
        return self.words[index] if index < self.stop else ""

    def kind(self, ahead: int = 0) -> int:
        """The `Kind` of the token that stands `ahead` tokens further; -1 past the end."""
        index = self.at + ahead
        return self.tokens[index].kind if index < self.stop else -1

    def sees(self, *words: str) -> bool:
        """Whether these words and symbols come next."""
        end = self.at + len(words)
        return end <= self.stop and self.words[self.at : end] == list(words)

    def sees_any(self, words: Collection[str]) -> bool:
        """Whether one of these comes next."""
        return self.at < self.stop and self.words[self.at] != "" and self.words[self.at] in words

    def sees_name(self) -> bool:
        """Whether a word, a quoted name or a placeholder comes next."""
        return self.kind() in (WORD, QUOTED, PLACEHOLDER)

    def sees_string(self) -> bool:
        """Whether a string comes next."""
        return self.kind() == STRING

    # -- moving ------------------------------------------------------------------------------------------------------

    def take(self, *words: str) -> bool:
        """Move past these words and symbols if they come next, all of them."""
        end = self.at + len(words)
        if end > self.stop or self.words[self.at : end] != list(words):
            return False
        self.at = end
        return True

    def take_any(self, *words: str) -> str | None:
        """Move past one of these, and say which it was."""
        word = self.word()
        if not word or word not in words:
            return None
        self.at += 1
        return word

    def expect(self, *words: str) -> None:
        """Move past these words, or be stuck."""
        if not self.take(*words):
            self.stuck(" ".join(words))

    def expect_any(self, *words: str) -> str:
        """Move past one of these words, or be stuck."""
        return self.take_any(*words) or self.stuck(" or ".join(words))

    def next(self) -> Token:
        """Move past the next token, whatever it is."""
        if self.at_end:
            self.stuck("more")
        self.at += 1
        return self.tokens[self.at - 1]

    def stuck(self, expected: str) -> NoReturn:
        """Give up at the next token."""
        if self.at < self.stop:
            token = self.tokens[self.at]
            found, span = repr(self.text[token.start : token.end][:40]), Span(token.start, token.end)
            if token.kind == PLACEHOLDER:
                found = f"the template placeholder {found}"
        else:
            end = self.tokens[self.stop - 1].end if self.stop else 0
            found, span = "the end", Span(max(end - 1, 0), end)
        raise Stuck(f"expected {expected}, found {found}", span)

    def finish(self) -> None:
        """Be stuck unless all tokens are read: nothing is left out silently."""
        if self.at < self.stop:
            self.stuck("the end")

    # -- names and values --------------------------------------------------------------------------------------------

    def identifier(self) -> str:
        """A name of one part, folded."""
        if self.at >= self.stop or self.tokens[self.at].kind not in (WORD, QUOTED, PLACEHOLDER):
            self.stuck("a name")
        self.at += 1
        return self.fold(self.tokens[self.at - 1])

    def qualified_name(self) -> QualifiedName:
        """A name, perhaps with its schema; of `catalog.schema.name` the last two parts."""
        schema = None
        name = self.identifier()
        while self.at < self.stop and self.words[self.at] == ".":
            self.at += 1
            schema, name = name, self.identifier()
        return QualifiedName(name, schema)

    def string(self) -> str:
        """A string's value; adjacent strings are one, as in standard SQL."""
        if self.kind() not in (STRING, PLACEHOLDER):
            self.stuck("a string")
        parts = [self.next().text]
        while self.kind() == STRING:
            parts.append(self.next().text)
        return "".join(parts)

    def listed(self, read: Callable[[], _T]) -> list[_T]:
        """What `read` reads, once and again after each comma."""
        found = [read()]
        while self.take(","):
            found.append(read())
        return found

    # -- parts -------------------------------------------------------------------------------------------------------

    def part(self, start: int, stop: int) -> Self:
        """A cursor on the tokens from index `start` to `stop`."""
        new = object.__new__(type(self))
        new.text, new.tokens, new.words = self.text, self.tokens, self.words
        new.at, new.stop = start, stop
        return new

    def group(self) -> Self:
        """Move past a balanced `( … )`; returns a cursor on its inside."""
        if self.word() != "(":
            self.stuck("(")
        start = self.at + 1
        depth = 0
        for index in range(self.at, self.stop):
            word = self.words[index]
            if word in _OPENING and word:
                depth += 1
            elif word in _CLOSING and word:
                depth -= 1
                if depth == 0:
                    self.at = index + 1
                    return self.part(start, index)
        self.at = self.stop
        return self.stuck(")")

    def items(self) -> Iterator[Self]:
        """The parts between this cursor's top-level commas; moves to the end."""
        while not self.at_end:
            yield self.until(lambda: False)
            if not self.at_end:
                self.expect(",")

    def until(self, stops: Callable[[], bool], *, commas: bool = True) -> Self:
        """Move to the next top-level comma, closing bracket, end, or place for which `stops()` holds.

        `stops` looks at this cursor; it is not asked inside brackets, CASE … END, or before the first token.
        Returns a cursor on the tokens that were passed: at least one. Without `commas` they do not end it.
        """
        start = self.at
        depth = cases = 0
        while self.at < self.stop:
            word = self.words[self.at]
            if word == "(" or word == "[":
                depth += 1
            elif word == ")" or word == "]":
                if depth == 0:
                    break
                depth -= 1
            elif depth == 0:
                if word == "CASE":
                    cases += 1
                elif word == "END" and cases:
                    cases -= 1
                elif cases == 0 and ((word == "," and commas) or (self.at > start and stops())):
                    break
            self.at += 1
        if start == self.at:
            self.stuck("an expression")
        return self.part(start, self.at)

    def rest(self) -> Self:
        """Move to the end; returns a cursor on what was passed."""
        start, self.at = self.at, self.stop
        return self.part(start, self.stop)

    def span_from(self, start: int) -> Span:
        """From the token at index `start` to the last one that was read."""
        return Span(self.tokens[start].start, self.tokens[max(self.at - 1, start)].end)

    @property
    def span(self) -> Span:
        """From the next token to the last of this cursor; empty where there is none."""
        if self.at_end:
            end = self.tokens[self.stop - 1].end if self.stop else 0
            return Span(end, end)
        return Span(self.tokens[self.at].start, self.tokens[self.stop - 1].end)

    @property
    def source(self) -> str:
        """The script's text in `span`."""
        return self.text[slice(*self.span)]
