"""The two forms of a listing: golden files, and what must hold of any."""

from __future__ import annotations

import json
import random
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from migsafe.catalogue.document import CatalogueSource, document
from migsafe.catalogue.following import Following
from migsafe.catalogue.listing import Listing, list_project
from migsafe.catalogue.text import render_text
from migsafe.config import Config
from migsafe.model.catalogue import Catalogue
from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Script, SourceText, TransactionRule

FIXTURES = Path(__file__).parents[3] / "fixtures" / "catalogue"
EVERYTHING = FIXTURES / "one_of_everything.sql"
SCHEMA = json.loads((files("migsafe.catalogue") / "schema" / "catalogue-1.json").read_text(encoding="utf-8"))
SOURCE = CatalogueSource("migrations", "db", 1)


def replayed(sql: str, dialect: Dialect = Dialect.POSTGRES) -> Catalogue:
    following = Following(Catalogue(dialect))
    following.follow(Script(Direction.UP, sql, SourceText("x.sql", sql), TransactionRule.NONE, dialect))
    return following.catalogue


def closed(schema: Any) -> Any:
    """The schema without room for fields that it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return inner | {"additionalProperties": False} if isinstance(inner.get("properties"), dict) else inner


@pytest.fixture(scope="module")
def listing() -> Listing:
    return list_project([EVERYTHING], Config())


def test_one_of_everything_as_text(listing: Listing, update: bool) -> None:
    golden = FIXTURES / "one_of_everything.txt"
    if update:
        golden.write_text(listing.text(), encoding="utf-8")
    assert listing.text() == golden.read_text(encoding="utf-8")


def test_one_of_everything_as_json(listing: Listing, update: bool) -> None:
    golden = FIXTURES / "one_of_everything.json"
    told = listing.document() | {"migsafe": "0", "source": {}}
    if update:
        golden.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    assert told == json.loads(golden.read_text(encoding="utf-8"))


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_document_has_exactly_the_fields_of_the_schema(listing: Listing) -> None:
    jsonschema.validate(json.loads(listing.json()), closed(SCHEMA), jsonschema.Draft202012Validator)


@pytest.mark.parametrize("dialect", [Dialect.MYSQL, Dialect.SQLITE])
def test_other_dialects_have_the_same_form(dialect: Dialect) -> None:
    catalogue = replayed(
        "CREATE TABLE a (i integer primary key, t text default 'x'); CREATE INDEX i ON a (t);", dialect
    )
    told = document(catalogue, SOURCE)
    jsonschema.validate(told, closed(SCHEMA), jsonschema.Draft202012Validator)
    assert told["tables"][0]["schema"] is None
    assert "index i btree (t)" in render_text(catalogue)


def test_the_schema_refuses_a_document_that_lacks_a_field(listing: Listing) -> None:
    told = listing.document()
    del told["tables"][0]["columns"]
    with pytest.raises(jsonschema.ValidationError, match="columns"):
        jsonschema.validate(told, SCHEMA)


def test_the_order_in_which_things_were_made_does_not_show() -> None:
    statements = [
        "CREATE TABLE b (i int);",
        "CREATE TABLE a (i int, CONSTRAINT z CHECK (i > 1), CONSTRAINT c CHECK (i > 2));",
        "CREATE TYPE mood AS ENUM ('sad');",
        "CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'select 1';",
        "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'select 1';",
        "CREATE SEQUENCE s;",
        "CREATE SCHEMA shop;",
    ]
    shuffled = random.Random(7).sample(statements, len(statements))
    assert shuffled != statements
    assert render_text(replayed("".join(shuffled))) == render_text(replayed("".join(statements)))
    assert document(replayed("".join(shuffled)), SOURCE) == document(replayed("".join(statements)), SOURCE)


def test_nothing_is_an_empty_text() -> None:
    assert render_text(Catalogue()) == ""


def test_a_new_table_changes_no_other_line() -> None:
    before = render_text(replayed("CREATE TABLE a (i int, name text);")).splitlines()
    after = render_text(
        replayed("CREATE TABLE a (i int, name text); CREATE TABLE much_longer_name (x int);")
    ).splitlines()
    assert after[: len(before)] == before


def test_json_is_pure_ascii() -> None:
    assert Listing(replayed('CREATE TABLE "日本" (i int);'), SOURCE).json().isascii()


def test_a_table_that_is_known_by_half_says_so() -> None:
    assert "(columns may be missing" in render_text(replayed("CREATE TABLE a AS SELECT * FROM elsewhere;"))
