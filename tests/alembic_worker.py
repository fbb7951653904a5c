"""A parent for Alembic's worker: gives it revisions out of a test's own text, and answers from a test's own tables."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

Message = dict[str, Any]


class Sent(NamedTuple):
    """One statement, its blanks squeezed, and the text of the file that its place spans."""

    sql: str
    line: int
    source: str


@dataclass(frozen=True)
class Rendered:
    """One `script` message."""

    message: Message

    @property
    def gap(self) -> str | None:
        """Why it broke off."""
        gap = self.message["gap"]
        return None if gap is None else gap["reason"]

    @property
    def sql(self) -> list[str]:
        """The statements, blanks squeezed."""
        return [sent.sql for sent in self.sent]

    @property
    def sent(self) -> list[Sent]:
        """The statements with what they come from."""
        lines = Path(self.message["path"]).read_text(encoding="utf-8").splitlines()
        return [
            Sent(" ".join(each["sql"].split()), each["line"], _spanned(lines, each))
            for each in self.message["statements"]
        ]


def _spanned(lines: list[str], place: Message) -> str:
    chosen = lines[place["line"] - 1 : place["end_line"]]
    chosen[-1] = chosen[-1][: place["end_column"] - 1]
    chosen[0] = chosen[0][place["column"] - 1 :]
    return "\n".join(chosen)


@dataclass
class Conversation:
    """All that a worker said."""

    messages: list[Message] = field(default_factory=list)
    exit_code: int | None = None
    errors: str = ""

    def says(self, what: str) -> list[Message]:
        """Its messages of one kind."""
        return [message for message in self.messages if message["say"] == what]

    def script(self, revision: str, direction: str) -> Rendered | None:
        """What a revision renders to, if it does."""
        for message in self.says("script"):
            if (message["migration"], message["direction"]) == (revision, direction):
                return Rendered(message)
        return None

    def up(self, revision: str) -> Rendered:
        """The way up, which must be there."""
        found = self.script(revision, "up")
        assert found is not None, self.messages[-3:]
        return found

    def down(self, revision: str) -> Rendered:
        """The way down, which must be there."""
        found = self.script(revision, "down")
        assert found is not None
        return found


@dataclass
class Book:
    """Revisions in the order in which they were written down; each follows the one before."""

    dialect: str = "postgres"
    tables: Mapping[str, Message] = field(default_factory=dict)
    relations: Message = field(default_factory=dict)
    modules: Mapping[str, str] = field(default_factory=dict)
    job: Message = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)

    def revision(self, name: str, text: str) -> str:
        """Write down a revision; `op` and `sa` are imported for it."""
        self._texts[name] = "import sqlalchemy as sa\nfrom alembic import op\n" + dedent(text)
        return name

    def render(self, folder: Path) -> Conversation:
        """Let a worker render all of them."""
        for name, text in self.modules.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(dedent(text), encoding="utf-8")
        return converse({**self._job(folder), **self.job}, self._answer)

    def _job(self, folder: Path) -> Message:
        revisions: list[Message] = []
        for name, text in self._texts.items():
            path = folder / f"{name}.py"
            path.write_text(text, encoding="utf-8")
            down = [revisions[-1]["id"]] if revisions else []
            revisions.append({"id": name, "path": str(path), "down": down, "depends_on": [], "labels": []})
        return {
            "protocol": 1,
            "dialect": self.dialect,
            "server_version": None,
            "sys_path": [str(folder)],
            "project": [str(folder)],
            "script_location": str(folder),
            "revisions": revisions,
            "done": [],
            "database": None,
            "directions": ["up", "down"],
            "options": {},
        }

    def _answer(self, ask: Message) -> Any:
        if ask["about"] == "table":
            return self.tables.get(ask["name"])
        kinds = ("schemas", "views", "materialized_views", "sequences", "enums", "indexes")
        return {**{kind: [] for kind in kinds}, "tables": sorted(self.tables), **self.relations}


def converse(job: Message, answer: Callable[[Message], Any]) -> Conversation:
    """Give a worker a job and answer it until it ends."""
    heard = Conversation()
    command = [sys.executable, "-P", "-m", "migsafe.sources.alembic.worker"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, encoding="utf-8", **pipes) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        assert worker.stderr is not None
        print(json.dumps(job), file=worker.stdin, flush=True)
        for line in worker.stdout:
            heard.messages.append(json.loads(line))
            if heard.messages[-1]["say"] == "ask":
                print(json.dumps({"answer": answer(heard.messages[-1])}), file=worker.stdin, flush=True)
        worker.stdin.close()
        heard.errors = worker.stderr.read()
        heard.exit_code = worker.wait()
    return heard


def table(name: str, columns: Mapping[str, str], **more: Any) -> Message:
    """A table's description; `columns` gives SQL types by name."""
    key = (more.get("primary_key") or {"columns": []})["columns"]
    described = [
        {
            "name": column,
            "type": kind,
            "nullable": column not in key,
            "default": None,
            "identity": None,
            "generated": None,
        }
        for column, kind in columns.items()
    ]
    lists = ("unique", "foreign_keys", "checks", "indexes")
    empty: Message = {key: [] for key in lists}
    whole: Message = {"schema": None, "name": name, "complete": True, "columns": described, "primary_key": None}
    return {**whole, **empty, **more}
