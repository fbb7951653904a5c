"""Objects of a git repository, read one by one through one process."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Self

from migsafe.errors import EnvironmentFailedError
from migsafe.git import start_git

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import IO


class GitObject(NamedTuple):
    """An object: its kind (`blob`, `tree`, `commit`, `tag`; `missing`), its size in bytes, and its bytes.

    `data` is None where it is larger than was asked for, or missing.
    """

    kind: str
    size: int
    data: bytes | None


_CHUNK = 1 << 20
#: Questions of 65 bytes at the most that a pipe takes before git has to read them: nobody waits for the other.
_AT_ONCE = 60


class ObjectReader:
    """One `git cat-file --batch`; use it in a `with` statement, or close it."""

    def __init__(self, folder: Path) -> None:
        self._process = start_git(["cat-file", "--batch"], folder)

    def read(self, name: str, *, largest: int | None = None) -> GitObject:
        """An object.

        Args:
            name: how git names it: a hash, or a hash with `^{tree}`; never a word of the user's.
            largest: bytes; of a larger object only the size is given.

        Raises:
            EnvironmentFailedError: when git ends before it answers.
        """
        self._ask([name])
        return self._answer(largest)

    def read_all(self, names: Sequence[str]) -> list[GitObject]:
        """Several objects, in their order; quicker than one by one."""
        found: list[GitObject] = []
        for start in range(0, len(names), _AT_ONCE):
            batch = names[start : start + _AT_ONCE]
            self._ask(batch)
            found += [self._answer(None) for _ in batch]
        return found

    def _ask(self, names: Sequence[str]) -> None:
        questions, _ = self._pipes()
        try:
            questions.write("".join(f"{name}\n" for name in names).encode("ascii"))
            questions.flush()
        except BrokenPipeError:
            raise _ended() from None

    def _answer(self, largest: int | None) -> GitObject:
        _, answers = self._pipes()
        words = answers.readline().split()
        if not words:
            raise _ended()
        if len(words) != 3:  # "NAME missing", "NAME ambiguous"
            return GitObject("missing", 0, None)
        kind, size = words[1].decode("ascii"), int(words[2])
        data = _take(answers, size, keep=largest is None or size <= largest)
        answers.read(1)  # the line break behind the object
        return GitObject(kind, size, data)

    def close(self) -> None:
        """End the process."""
        questions, answers = self._pipes()
        with suppress(BrokenPipeError):  # it ended by itself
            questions.close()
        answers.close()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        questions, answers = self._process.stdin, self._process.stdout
        if questions is None or answers is None:
            raise AssertionError("it was started with pipes")
        return questions, answers


def _take(answers: IO[bytes], size: int, *, keep: bool) -> bytes | None:
    kept = []
    while size > 0:
        piece = answers.read(min(size, _CHUNK))
        if not piece:
            raise _ended()
        size -= len(piece)
        if keep:
            kept.append(piece)
    return b"".join(kept) if keep else None


def _ended() -> EnvironmentFailedError:
    return EnvironmentFailedError("git ended while it was asked for a file's contents", hint="git fsck may know why")
