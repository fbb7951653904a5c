"""The SQL that a DBA reads; what the roles may then do is shown on a server."""

from __future__ import annotations

import re

import pytest

from migsafe.errors import UsageError
from migsafe.tracker.rights import ADDED, KEPT, table_names
from migsafe.tracker.roles import Roles, roles_sql
from migsafe.tracker.versions import upgrades

TEXT = roles_sql(Roles())


def granted(role: str, right: str, text: str = TEXT) -> set[str]:
    """The tables of which a role is given a right."""
    found: set[str] = set()
    for statement in text.split(";"):
        given = re.search(r"GRANT (.+?) ON (?!SCHEMA|FUNCTION)(.+) TO (.+)", statement.strip(), re.DOTALL)
        if given and right in given[1].split(" (")[0] and role in given[3]:
            found |= set(re.findall(r"migsafe_\w+", given[2]))
    return found


def test_the_runner_writes_facts_and_nothing_that_others_vouch_for() -> None:
    written = granted("migsafe_runner", "INSERT")
    assert written == set(table_names()) - KEPT
    assert granted("migsafe_runner", "UPDATE") == written - set(ADDED)
    assert "db_role" not in TEXT, "who made a plan is the server's word"


@pytest.mark.parametrize("role", ["migsafe_approver", "migsafe_reader"])
def test_the_others_only_read(role: str) -> None:
    assert granted(role, "SELECT") == set(table_names())
    assert granted(role, "INSERT") == granted(role, "UPDATE") == set()


def test_nobody_may_take_anything_away() -> None:
    assert not re.search(r"GRANT[^;]*(DELETE|TRUNCATE|TRIGGER|ALL)[^;]* TO migsafe_(runner|approver|reader)", TEXT)


def test_every_function_of_the_tracker_is_the_owners() -> None:
    made = {
        name
        for upgrade in upgrades("postgres")
        for statement in upgrade.statements
        for name in re.findall(r"CREATE FUNCTION (\w+)\(", statement)
    }
    assert made == set(re.findall(r"ALTER FUNCTION migsafe\.(\w+)\(", TEXT))


def test_every_function_with_the_owners_rights_has_a_path_of_its_own_and_is_not_everybodys() -> None:
    statements = [statement for upgrade in upgrades("postgres") for statement in upgrade.statements]
    powerful = [one for one in statements if "SECURITY DEFINER" in one]
    assert powerful
    assert all("SET search_path FROM CURRENT" in one for one in powerful)
    revoked = " ".join(one for one in statements if one.startswith("REVOKE"))
    assert all(re.findall(r"CREATE FUNCTION (\w+)\(", one)[0] in revoked for one in powerful)


def test_names_are_quoted_wherever_they_stand() -> None:
    text = roles_sql(Roles(runner="o'neill\"s", owner="Owner"), 'my "app"')
    assert 'OWNER TO "Owner"' in text
    assert 'TO "o\'neill""s"' in text
    assert "'o''neill\"s'" in text
    assert '"my ""app""".migsafe_event' in text
    assert "ALTER SCHEMA" not in text, "the schema is somebody else's"


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"runner": "migsafe_owner"}, "no two may be the same"),
        ({"approver": "migsafe_runner"}, "no two may be the same"),
        ({"owner": ""}, "option --owner is no name"),
        ({"reader": "a$migsafe$b"}, "option --reader is no name"),
        ({"reader": "a\nb"}, "option --reader is no name"),
        ({"runner": "é" * 32}, "option --runner is no name"),
        ({"runner": "pg_monitor"}, "keeps for itself"),
        ({"runner": "public"}, "keeps for itself"),
    ],
)
def test_what_is_no_name_is_refused(names: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Roles(**names)


def test_a_name_of_as_many_bytes_as_postgres_keeps() -> None:
    assert Roles(runner="e" * 63).runner in roles_sql(Roles(runner="e" * 63))
