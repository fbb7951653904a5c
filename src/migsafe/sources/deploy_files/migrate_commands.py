"""The commands with which tools migrate a database, and those that ask whether it is migrated: one table for all.

Matched are the words of one command, never text: a path that holds the word, a comment and what `echo` prints are no
commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from migsafe.sources.deploy_files.wrappers import program, unwrapped

#: With one of these a command only says what it would do.
_ONLY_SAYS = frozenset(
    [
        "--help",
        "-h",
        "--version",
        "--plan",
        "--check",
        "--dry-run",
        "-dry-run",
        "--dry",
        "--sql",
        "--list",
        "--show",
        "--pretend",
        "--fake",
    ]
)
_VALUE = re.compile(r"(?P<option>-{1,2}[\w-]+)=.*")


@dataclass(frozen=True, slots=True)
class _Form:
    """How a tool is told to do something.

    Attributes:
        programs: names of the program, without folder and interpreter.
        verbs: sequences of words of which one makes it do so.
        anywhere: other words that are no options may stand before the verb: tasks, a driver, a connection.
        only_with: one of these options makes the verb what it is; any when empty.
        not_with: with one of these it does something else.
    """

    tool: str
    programs: frozenset[str]
    verbs: tuple[tuple[str, ...], ...]
    anywhere: bool = False
    only_with: frozenset[str] = frozenset()
    not_with: frozenset[str] = _ONLY_SAYS


def _form(tool: str, programs: str, *verbs: str, anywhere: bool = False) -> _Form:
    return _Form(tool, frozenset(programs.split()), tuple(tuple(verb.split()) for verb in verbs), anywhere)


_MIGRATING = (
    _form("alembic", "alembic", "upgrade"),
    _form("Flask-Migrate", "flask", "db upgrade"),
    _form("Django", "manage.py django-admin django", "migrate"),
    _form("Aerich", "aerich", "upgrade"),
    _form("yoyo", "yoyo yoyo-migrate", "apply"),
    _form("Piccolo", "piccolo", "migrations forwards"),
    _form("Airflow", "airflow", "db migrate", "db upgrade"),
    _form("Superset", "superset", "db upgrade"),
    _form("Flyway", "flyway", "migrate", anywhere=True),
    _form("Flyway", "mvn mvnw gradle gradlew", "flyway:migrate", "flywayMigrate", anywhere=True),
    _form("Liquibase", "liquibase", "update", "update-count", "update-to-tag"),
    _form("Liquibase", "mvn mvnw gradle gradlew", "liquibase:update", anywhere=True),
    _form("goose", "goose", "up", "up-by-one", "up-to", anywhere=True),
    _form("dbmate", "dbmate", "up", "migrate"),
    _form("diesel", "diesel", "migration run", "setup", "database setup"),
    _form("sqlx", "sqlx", "migrate run", "database setup"),
    _form("sqlx", "cargo", "sqlx migrate run"),
    _form("SeaORM", "sea-orm-cli", "migrate", "migrate up"),
    _form("refinery", "refinery", "migrate"),
    _form("Prisma", "prisma", "migrate deploy", "db push"),
    _form("golang-migrate", "migrate", "up", "goto"),
    _form("tern", "tern", "migrate"),
    _form("soda", "soda", "migrate", "migrate up"),
    _form("Rails", "rails rake", "db:migrate", "db:prepare", "db:migrate:with_data", anywhere=True),
    _form("Sqitch", "sqitch", "deploy", "rebase"),
    _form("Atlas", "atlas", "migrate apply", "schema apply"),
    _form("Knex", "knex", "migrate:latest", "migrate:up"),
    _form("Sequelize", "sequelize sequelize-cli", "db:migrate"),
    _form("TypeORM", "typeorm typeorm-ts-node-commonjs typeorm-ts-node-esm", "migration:run", "schema:sync"),
    _form("Drizzle", "drizzle-kit", "migrate", "push"),
    _form("MikroORM", "mikro-orm", "migration:up"),
    _form("node-pg-migrate", "node-pg-migrate", "up"),
    _form("db-migrate", "db-migrate", "up"),
    _form("AdonisJS", "ace ace.js", "migration:run"),
    _form("Laravel", "artisan", "migrate"),
    _form("Doctrine", "console doctrine-migrations", "doctrine:migrations:migrate", "migrations:migrate", "migrate"),
    _form("Phinx", "phinx", "migrate"),
    _form("Ecto", "mix", "ecto.migrate", "ecto.setup"),
    _form("Entity Framework", "dotnet dotnet-ef", "ef database update", "database update"),
    _form("pgroll", "pgroll", "start", "migrate"),
    _form("Reshape", "reshape", "migrate", "migration start"),
    _form("migsafe", "migsafe", "run"),
)

#: Programs and scripts of the project's own that are called after what they do.
_OWN = re.compile(
    r"(?:db[-_:.]?|run[-_:.]?)?migrat(?:e|ions?)(?:[-_:.]?(?:db|database|deploy|prod(?:uction)?|up|run|latest))?"
)
_OWN_SUFFIX = re.compile(r"\.(?:sh|bash|py|js|mjs|cjs|ts|rb|php)$")
_SCRIPT_RUNNERS = frozenset({"npm", "yarn", "pnpm", "bun"})
_ELIXIR = re.compile(r"\b\w+(?:\.\w+)*\.migrate\b")


class Migrating(NamedTuple):
    """A command that migrates.

    Attributes:
        certain: a known tool does; else only its name says so.
    """

    tool: str
    certain: bool


def migrating(words: Sequence[str]) -> Migrating | None:
    """Which tool a command makes migrate a database; None for any other command.

    Args:
        words: the command's words, with the programs that start it in front.
    """
    rest = unwrapped(words)
    form = next((form for form in _MIGRATING if _is(form, rest)), None)
    if form is not None:
        return Migrating(form.tool, certain=True)
    if len(rest) > 2 and rest[1] in {"eval", "rpc"} and _ELIXIR.search(rest[2]):
        return Migrating("Ecto", certain=True)
    name = _own_name(rest)
    return None if name is None else Migrating(name, certain=False)


def _own_name(words: Sequence[str]) -> str | None:
    """The project's own program or script that by its name migrates."""
    first = program(words)
    if first in _SCRIPT_RUNNERS:
        named = [word for word in words[1:] if not word.startswith("-") and word not in {"run", "run-script"}]
        return f"{first} run {named[0]}" if named and _OWN.fullmatch(named[0]) else None
    if first == "migrate" and len(words) > 1 and not any(_OWN_SUFFIX.search(word) for word in words[:1]):
        return None  # golang-migrate with another verb: version, down, force, create
    bare = _OWN_SUFFIX.sub("", first)
    return first if _OWN.fullmatch(bare) and not _ONLY_SAYS.intersection(words) else None


def _is(form: _Form, words: Sequence[str]) -> bool:
    if program(words) not in form.programs:
        return False
    options = {match["option"] if (match := _VALUE.fullmatch(word)) else word for word in words[1:]}
    if form.not_with & options or (form.only_with and not form.only_with & options):
        return False
    return any(_holds(words[1:], verb, form.anywhere) for verb in form.verbs)


def _holds(words: Sequence[str], verb: tuple[str, ...], anywhere: bool) -> bool:
    """Whether a verb stands where the tool looks for it: before any other word but options and their values."""
    for place, word in enumerate(words):
        if tuple(words[place : place + len(verb)]) == verb:
            return True
        value_of_an_option = place > 0 and words[place - 1].startswith("-") and "=" not in words[place - 1]
        if not word.startswith("-") and not value_of_an_option and not anywhere:
            return False
    return False


@dataclass(frozen=True, slots=True)
class Demand:
    """What a command that asks for the revision refuses.

    Attributes:
        ahead: a database that is ahead of the code.
        behind: a database in which a migration of the code has not run.
    """

    tool: str
    ahead: bool
    behind: bool


def _question(tool: str, programs: str, *verbs: str, only_with: str = "", anywhere: bool = False) -> _Form:
    form = _form(tool, programs, *verbs, anywhere=anywhere)
    return replace(form, only_with=frozenset(only_with.split()), not_with=frozenset({"--help", "-h"}))


#: Commands that fail unless all migrations of the code have run; whether they also fail on a database that is ahead.
_ASKING: tuple[tuple[_Form, bool], ...] = (
    (_question("alembic", "alembic", "current", only_with="--check-heads"), True),
    (_question("alembic", "alembic", "check"), True),
    (_question("Flask-Migrate", "flask", "db check"), True),
    (_question("Django", "manage.py django-admin django", "migrate", only_with="--check"), False),
    (_question("Flyway", "flyway", "validate", anywhere=True), False),
    (_question("Prisma", "prisma", "migrate status"), True),
    (_question("Rails", "rails rake", "db:abort_if_pending_migrations", anywhere=True), False),
    (_question("dbmate", "dbmate", "status", only_with="--exit-code"), False),
    (_question("Doctrine", "console doctrine-migrations", "doctrine:migrations:up-to-date", "up-to-date"), True),
    (_question("TypeORM", "typeorm", "migration:show"), False),
    (_question("Airflow", "airflow", "db check-migrations"), True),
)

_NAMES_HEAD = re.compile(r"\bhead|\$\(?\s*.*heads\b")
#: Of the API of Alembic: what a program that compares the two needs to name.
_OF_THE_CODE = re.compile(r"get_current_head|get_heads|get_revisions?\(\s*['\"]heads?")
_OF_THE_DATABASE = re.compile(r"get_current_revision|get_current_heads|alembic_version")


def demanding(commands: Iterable[Sequence[str]], text: str) -> Demand | None:
    """What a health check demands of the revision; None where it demands nothing.

    Args:
        commands: the words of each command that it runs.
        text: all of it, as it is written.
    """
    every = [unwrapped(words) for words in commands]
    for words in every:
        for form, ahead in _ASKING:
            if _is(form, words):
                return Demand(form.tool, ahead=ahead, behind=True)
    current = any(program(words) == "alembic" and "current" in words for words in every)
    filtered = any(program(words) in {"grep", "test", "[", "[[", "awk"} for words in every)
    if (current and filtered and _NAMES_HEAD.search(text)) or _compares_itself(text):
        return Demand("alembic", ahead=True, behind=True)
    return None


def _compares_itself(text: str) -> bool:
    asked = "alembic current" in text and "alembic heads" in text
    return asked or bool(_OF_THE_CODE.search(text) and _OF_THE_DATABASE.search(text))
