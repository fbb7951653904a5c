"""What needs no server; the rest is in the integration tests."""

from __future__ import annotations

import subprocess
import sys

import pytest

from migsafe.errors import EnvironmentFailedError, ExitCode
from migsafe.postgres.connection import connect, make_dsn


def test_an_unreadable_address_is_refused_without_repeating_it() -> None:
    with pytest.raises(EnvironmentFailedError) as caught:
        connect("postgresql://ann:s3cr%ZZet@db/app", autocommit=True)
    assert "s3cr" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    assert caught.value.hint is not None


@pytest.mark.parametrize("dsn", ["host=/nowhere password=s3cret", "postgresql://ann:s3cret@/app?host=/nowhere"])
def test_an_unreachable_server_is_an_error_without_the_password(dsn: str) -> None:
    with pytest.raises(EnvironmentFailedError, match=r"cannot connect to Postgres: .*/nowhere") as caught:
        connect(dsn, autocommit=True)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_connection_strings_are_quoted() -> None:
    assert make_dsn(host="/run/it's here", port=5432) == "host='/run/it\\'s here' port=5432"


def test_importing_the_packages_does_not_import_psycopg() -> None:
    code = "import sys, migsafe.postgres.catalogue, migsafe.shadow.locks; sys.exit('psycopg' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
