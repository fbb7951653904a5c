"""What a revision may not do."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_worker import Book, Conversation

BOOK = Book()
REFUSED = {
    "network": ("import socket; socket.socket().connect(('127.0.0.1', 9))", "to open a network connection"),
    "lookup": ("import socket; socket.getaddrinfo('example.org', 80)", "to look up a host"),
    "program": ("import subprocess; subprocess.run(['true'])", "to start a program"),
    "shell": ("import os; os.system('true')", "to start a program"),
    "file": ("open(__file__ + '.new', 'w')", "to write a file"),
    "descriptor": ("import os; os.open(__file__, os.O_RDWR)", "to write a file"),
    "removal": ("import os; os.remove(__file__)", "to delete a file"),
    "fork": ("import os; os.fork()", "to start a process"),
}
READS = BOOK.revision(
    "reads",
    """
    import os, sys, tempfile
    from pathlib import Path

    def upgrade():
        assert sys.stdin.read() == "" and os.read(0, 9) == b""
        Path(os.devnull).write_text("nothing")
        print("noise"); os.write(1, b"more noise\\n"); tempfile.gettempdir()
        op.execute(f"SELECT {len(Path(__file__).read_text()) > 0}")
    """,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="module")
def heard(folder: Path) -> Conversation:
    for name, (body, _) in REFUSED.items():
        BOOK.revision(name, f"def upgrade():\n    op.execute('SELECT 1')\n    {body}\n")
    return BOOK.render(folder)


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_is_refused_is_a_gap(heard: Conversation, case: str) -> None:
    reason = REFUSED[case][1]
    assert heard.up(case).gap == f"it tries {reason}, which is refused while migrations are rendered"
    assert heard.up(case).sql == ["SELECT 1"]
    assert heard.up(case).message["gap"]["line"] == 5


def test_nothing_is_left_behind(heard: Conversation, folder: Path) -> None:
    assert heard.exit_code == 0
    assert {path.suffix for path in folder.rglob("*")} == {".py"}


def test_reading_and_printing_are_free(heard: Conversation) -> None:
    assert heard.up(READS).gap is None
    assert heard.up(READS).sql == ["SELECT True"]
    assert "more noise" in heard.errors
