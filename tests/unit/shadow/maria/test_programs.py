from __future__ import annotations

import sys
from pathlib import Path

import pytest

from migsafe.errors import EnvironmentFailedError
from migsafe.shadow.account import Account
from migsafe.shadow.maria.programs import find_programs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="programs are shell scripts here")

ME = Account(0, 0, switched=False)
ANSWER = "#!/bin/sh\necho 'mariadbd  Ver 11.4.2-MariaDB for Linux on x86_64'\n"


def make(root: Path, text: str = ANSWER, tables: tuple[str, ...] = ()) -> Path:
    (root / "sbin").mkdir(parents=True)
    program = root / "sbin" / "mariadbd"
    program.write_text(text)
    program.chmod(0o755)
    (root / "share" / "mariadb").mkdir(parents=True)
    for name in tables:
        (root / "share" / "mariadb" / name).touch()
    return program


NEW = ("mariadb_system_tables.sql", "mariadb_system_tables_data.sql")


def test_a_program_is_found_with_its_version_and_tables(tmp_path: Path) -> None:
    program = make(tmp_path, tables=NEW)
    found = find_programs(ME, path=str(program.parent))
    assert found.server == program.resolve()
    assert (found.version.product, str(found.version)) == ("MariaDB", "11.4.2")
    assert [file.name for file in found.system_tables] == list(NEW)


def test_the_next_one_is_taken_where_the_first_does_not_work(tmp_path: Path) -> None:
    broken = make(tmp_path / "broken", "#!/bin/sh\nexit 1\n", NEW)
    bare = make(tmp_path / "bare")
    good = make(tmp_path / "good", tables=NEW)
    path = f"{broken.parent}:{bare.parent}:{good.parent}"
    assert find_programs(ME, path=path).server == good.resolve()


@pytest.mark.parametrize(
    ("text", "tables", "message"),
    [("#!/bin/sh\nexit 1\n", NEW, "does not run"), (ANSWER, (), "is not beside it")],
)
def test_a_program_that_is_of_no_use_is_said(tmp_path: Path, text: str, tables: tuple[str, ...], message: str) -> None:
    program = make(tmp_path, text, tables)
    with pytest.raises(EnvironmentFailedError, match=message) as raised:
        find_programs(ME, path=str(program.parent))
    assert "--shadow-url" in (raised.value.hint or "")


def test_none_at_all_is_said(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailedError, match="no mariadbd on the PATH"):
        find_programs(ME, path=str(tmp_path))
