"""Shell scripts and command lines: the commands that they run, in order, and under which conditions.

This is no shell: what a command does to the flow of control is known as far as reserved words, `&&`, `||`, functions,
`exit` and `exec` say it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal

from migsafe.model.deploy import Guard, GuardKind
from migsafe.model.script import Span
from migsafe.sources.deploy_files.shell_words import Token, tokens
from migsafe.sources.deploy_files.wrappers import program, shell_text, unwrapped

#: Arguments, and variables that are called after what a container is started as.
_ROLE = re.compile(r"\$(?:[@*#0-9]|\{[@*#0-9]|\{?\w*(?:ROLE|PROCESS|COMPONENT|CONTAINER_TYPE|APP_TYPE))")
_VARIABLE = re.compile(r"\$\{?[A-Za-z_]")
_DEFAULT_ON = re.compile(r":?-['\"]?(?:true|1|yes|on|y)['\"]?\}", re.IGNORECASE)
_NEGATED = re.compile(r"!=|(?:^|\s)-z\s|(?:^|\s)!\s")
_TESTS = frozenset({"[", "[[", "test"})
_DEEPEST = 20
#: Of functions that call each other without end, no more calls are followed.
_MOST_CALLS = 1_000


@dataclass(frozen=True, slots=True)
class Frame:
    """A construct around a command, and which of its branches the command stands in.

    Attributes:
        number: tells a script's constructs apart.
        guard: the condition of the branch; None where it runs in any case.
    """

    number: int
    branch: int
    guard: Guard | None


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command.

    Attributes:
        words: its words without quotes; never empty.
        span: where it stands in the text.
        frames: the constructs around it, the outermost first.
        after: the sign before it in its chain.
    """

    words: tuple[str, ...]
    span: Span
    frames: tuple[Frame, ...] = ()
    after: str = ""
    background: bool = False

    @property
    def guard(self) -> Guard | None:
        """The innermost condition under which it runs; None when it runs in any case."""
        return next((frame.guard for frame in reversed(self.frames) if frame.guard is not None), None)

    @property
    def guards(self) -> tuple[Guard, ...]:
        """Every condition under which it runs, the outermost first."""
        return tuple(frame.guard for frame in self.frames if frame.guard is not None)


def commands(text: str) -> tuple[Command, ...]:
    """The commands of a script, in the order in which they run; a function's where it is called, `sh -c` opened."""
    numbers = count(1)
    return _opened(_Parser(text, numbers).parse(), numbers, 0)


def commands_of(words: Sequence[str], span: Span) -> tuple[Command, ...]:
    """The commands that a list of words runs without a shell, at one place."""
    if not words:
        return ()
    return _opened((Command(tuple(words), span),), count(1), 0)


def _opened(found: Sequence[Command], numbers: Iterator[int], depth: int) -> tuple[Command, ...]:
    """Commands with those that a nested shell is given in the place of the call."""
    opened: list[Command] = []
    for command in found:
        inner = shell_text(unwrapped(command.words))
        if inner is None or depth > _DEEPEST or inner.strip() in {"$@", "$*"}:
            opened.append(command)
            continue
        for below in _opened(_Parser(inner, numbers).parse(), numbers, depth + 1):
            opened.append(replace(below, span=command.span, frames=command.frames + below.frames))
    return tuple(opened)


@dataclass(slots=True)
class _Open:
    """A construct that has not ended yet."""

    kind: Literal["if", "loop", "case", "group", "function"]
    number: int
    branch: int = 0
    condition: int = 0
    subject: str = ""
    in_pattern: bool = False
    name: str = ""
    guard: Guard | None = None
    collected: list[Command] = field(default_factory=list)

    def frame(self) -> Frame:
        return Frame(self.number, self.branch, self.guard)


class _Parser:
    def __init__(self, text: str, numbers: Iterator[int]) -> None:
        """
        Args:
            numbers: for the constructs of this text, and of those around and in it.
        """
        self._text = text
        self._numbers = numbers
        self._calls = _MOST_CALLS
        self._tokens = list(tokens(text))
        self._open: list[_Open] = []
        self._found: list[Command] = []
        self._functions: dict[str, list[Command]] = {}
        self._chain: _Open | None = None
        self._after = ""
        self._previous = ""

    def parse(self) -> tuple[Command, ...]:
        place = 0
        while place < len(self._tokens):
            place = self._step(place)
        while self._open:
            self._close_function(self._open.pop())
        return tuple(self._called(self._found, 0))

    def _step(self, place: int) -> int:
        token = self._tokens[place]
        if self._open and self._open[-1].in_pattern:
            return self._pattern(place)
        if token.kind == "sign":
            self._sign(token)
            return place + 1
        end = place
        while end < len(self._tokens) and self._tokens[end].kind == "word":
            end += 1
        if self._is_function(place, end):
            return self._function(place, end)
        self._words(self._tokens[place:end], end)
        return end

    def _sign(self, token: Token) -> None:
        sign = token.text
        if sign == "(":
            self._push("group")
        elif sign == ")":
            self._pop("group")
        elif sign in {";;", ";&", ";;&"} and self._open and self._open[-1].kind == "case":
            self._open[-1].in_pattern = True
        if sign in {"&&", "||", "|"}:
            self._after = sign
        elif sign != "(" and not (sign == "\n" and self._after in {"&&", "||", "|"}):
            self._after, self._chain = "", None
        if sign == "&" and self._found:
            self._mark_background()

    def _mark_background(self) -> None:
        target = next((one.collected for one in reversed(self._open) if one.kind == "function"), self._found)
        if target:
            target[-1] = replace(target[-1], background=True)

    def _is_function(self, place: int, end: int) -> bool:
        if self._tokens[place].text == "function" and end - place > 1:
            return True
        signs = [one.text for one in self._tokens[end : end + 2]]
        return end - place == 1 and signs == ["(", ")"]

    def _function(self, place: int, end: int) -> int:
        named = self._tokens[place + 1] if self._tokens[place].text == "function" else self._tokens[place]
        if self._tokens[place].text == "function":
            end = place + 2
        while end < len(self._tokens) and self._tokens[end].text in {"(", ")", "\n"}:
            end += 1
        self._push("function").name = named.text
        opened = end < len(self._tokens) and self._tokens[end].text == "{"
        return end + 1 if opened else end

    def _words(self, words: list[Token], end: int) -> None:
        """A run of words: reserved ones open and close, what is left is a command."""
        while words and not words[0].quoted:
            first = words[0].text
            if first in {"for", "select"}:
                self._push("loop")
                return
            if first == "case":
                opened = self._push("case")
                opened.subject = " ".join(word.text for word in words[1:-1]) or " ".join(w.text for w in words[1:])
                opened.in_pattern = True
                return
            if not self._reserved(words[0]):
                break
            words = words[1:]
        if words:
            self._command(words)

    def _reserved(self, token: Token) -> bool:
        """Take a reserved word; False when it is none."""
        word = token.text
        if word in {"if", "while", "until"}:
            opened = self._push("if" if word == "if" else "loop")
            opened.condition = token.span.end
        elif word in {"then", "elif", "else"}:
            self._branch(token)
        elif word == "{":
            self._push("group")
        elif word in {"fi", "done", "esac", "}"}:
            self._end()
        elif word not in {"do", "!", "time"}:
            return False
        self._chain = None
        return True

    def _branch(self, token: Token) -> None:
        current = next((one for one in reversed(self._open) if one.kind == "if"), None)
        if current is None:
            return
        if token.text == "then":
            current.branch += 1
            current.guard = guard_of(self._text[current.condition : token.span.start].strip().rstrip(";"))
        elif token.text == "elif":
            current.condition = token.span.end
            current.branch += 1
            current.guard = Guard(GuardKind.OTHER, f"not {current.guard.text}") if current.guard else None
        else:
            current.branch += 1
            current.guard = otherwise(current.guard)

    def _pattern(self, place: int) -> int:
        """From behind `in` or `;;` to the parenthesis that ends the pattern."""
        current = self._open[-1]
        words: list[str] = []
        while place < len(self._tokens) and self._tokens[place].text != ")":
            token = self._tokens[place]
            if token.kind == "word" and token.text == "esac":
                current.in_pattern = False
                self._end()
                return place + 1
            words += [token.text] if token.kind == "word" and token.text != "in" else []
            place += 1
        current.in_pattern = False
        current.branch += 1
        text = f"{current.subject} is {' or '.join(words)}"
        kind = guard_of(current.subject).kind
        current.guard = Guard(GuardKind.OTHER if kind is GuardKind.ON_UNLESS_SET else kind, text)
        return place + 1

    def _push(self, kind: Literal["if", "loop", "case", "group", "function"]) -> _Open:
        opened = _Open(kind, next(self._numbers))
        if kind == "group":
            self._follow_chain()
            opened.guard = self._chain.guard if self._chain is not None else None
            self._after, self._chain = "", None
        self._open.append(opened)
        return opened

    def _pop(self, kind: str) -> None:
        if self._open and self._open[-1].kind == kind:
            self._open.pop()

    def _end(self) -> None:
        if self._open:
            self._close_function(self._open.pop())

    def _close_function(self, ended: _Open) -> None:
        if ended.kind == "function":
            self._functions[ended.name] = ended.collected

    def _command(self, words: list[Token]) -> None:
        texts = tuple(word.text for word in words)
        span = Span(words[0].span.start, words[-1].span.end)
        self._follow_chain()
        inside = next((n for n, one in enumerate(self._open) if one.kind == "function"), None)
        around = self._open if inside is None else self._open[inside + 1 :]
        frames = tuple(one.frame() for one in around if one.kind != "group" or one.guard is not None)
        if self._chain is not None:
            frames = (*frames, self._chain.frame())
        command = Command(texts, span, frames, self._after)
        self._after = ""
        (self._found if inside is None else self._open[inside].collected).append(command)
        self._previous = self._text[span.start : span.end]

    def _follow_chain(self) -> None:
        """`[ … ] && command` and `check || command` guard what stands behind them."""
        if self._after == "&&" and program(self._previous.split()) in _TESTS:
            self._chain_guard(guard_of(self._previous))
        elif self._after == "||":
            text = self._previous
            tested = program(text.split()) in _TESTS
            self._chain_guard(otherwise(guard_of(text)) if tested else Guard(GuardKind.OTHER, f"{text} fails"))

    def _chain_guard(self, guard: Guard | None) -> None:
        self._chain = _Open("if", next(self._numbers), branch=1, guard=guard)

    def _called(self, found: Sequence[Command], depth: int) -> Iterator[Command]:
        """Commands with the body of a function in the place of each call."""
        for command in found:
            body = self._functions.get(command.words[0])
            self._calls -= body is not None
            if body is None or depth > _DEEPEST or self._calls < 0:
                yield command
                continue
            for inner in self._called(body, depth + 1):
                yield replace(inner, frames=command.frames + inner.frames)


def guard_of(condition: str) -> Guard:
    """What a condition depends on."""
    text = " ".join(condition.split())
    if _ROLE.search(text):
        return Guard(GuardKind.ROLE, text)
    if not _VARIABLE.search(text):
        return Guard(GuardKind.OTHER, text)
    on = bool(_DEFAULT_ON.search(text)) != bool(_NEGATED.search(text))
    return Guard(GuardKind.ON_UNLESS_SET if on else GuardKind.OFF_UNLESS_SET, text)


def otherwise(guard: Guard | None) -> Guard | None:
    """The guard of the other branch."""
    if guard is None:
        return None
    turned = {
        GuardKind.OFF_UNLESS_SET: GuardKind.ON_UNLESS_SET,
        GuardKind.ON_UNLESS_SET: GuardKind.OFF_UNLESS_SET,
    }
    return Guard(turned.get(guard.kind, guard.kind), f"not {guard.text}")
