"""What `env.py` says without being run: it needs the application, the configuration of a place, often a database.

Taken from its syntax tree, where written down: the transaction settings of `context.configure(…)`, the naming
convention of the metadata, and the database of a URL that it sets. Of several calls of `configure` those with a
connection count, for they are the ones that migrate; where they disagree, or a setting depends on a condition, nothing
is known and Alembic's own default stands.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.sources.alembic.literals import ComputedError, NotPythonError, parse, value_of
from migsafe.sources.alembic.urls import dialect_of_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from migsafe.model.dialect import Dialect


@dataclass(frozen=True)
class EnvironmentScript:
    """The static facts of an `env.py`; None for what it does not say.

    Attributes:
        transaction_per_migration: whether each revision has a transaction of its own.
        transactional_ddl: whether DDL runs in transactions, instead of what the dialect says.
        naming_convention: how constraints without a name are named.
        dialect: the database of the URL that it sets.
        version_table: the table that says which revisions have run, instead of `alembic_version`.
        version_table_schema: the schema in which it stands.
    """

    transaction_per_migration: bool | None = None
    transactional_ddl: bool | None = None
    naming_convention: Mapping[str, str] | None = None
    dialect: Dialect | None = None
    version_table: str | None = None
    version_table_schema: str | None = None


def read_environment_script(text: str) -> EnvironmentScript:
    """The facts in the text of an `env.py`; one that is not Python says nothing."""
    try:
        module = _Module(parse(text))
    except NotPythonError:
        return EnvironmentScript()
    return EnvironmentScript(
        transaction_per_migration=module.setting("transaction_per_migration"),
        transactional_ddl=module.setting("transactional_ddl"),
        naming_convention=module.naming_convention(),
        dialect=module.dialect(),
        version_table=module.name("version_table"),
        version_table_schema=module.name("version_table_schema"),
    )


class _Module:
    """The calls and assignments of one module, wherever they stand in it."""

    def __init__(self, tree: ast.Module) -> None:
        self._nodes = list(ast.walk(tree))
        self._once = _assigned_once(self._nodes)

    def setting(self, name: str) -> bool | None:
        """A truth value that all calls of `context.configure` which migrate agree on."""
        value = self._agreed(name)
        return value if isinstance(value, bool) else None

    def name(self, name: str) -> str | None:
        """A text that they agree on."""
        value = self._agreed(name)
        return value if isinstance(value, str) else None

    def _agreed(self, name: str) -> object:
        calls = [node for node in self._nodes if isinstance(node, ast.Call) and _is_configure(node)]
        migrating = [call for call in calls if any(word.arg == "connection" for word in call.keywords)]
        values = {self._keyword(call, name) for call in migrating or calls}
        return values.pop() if len(values) == 1 else None

    def naming_convention(self) -> dict[str, str] | None:
        """The one naming convention that metadata is made with here."""
        found = [convention for node in self._conventions() if (convention := self._texts(node)) is not None]
        return found[0] if found and all(one == found[0] for one in found) else None

    def dialect(self) -> Dialect | None:
        """The database of the URL that `set_main_option("sqlalchemy.url", …)` sets."""
        for node in self._nodes:
            match node:
                case ast.Call(ast.Attribute(attr="set_main_option"), [ast.Constant("sqlalchemy.url"), url, *_]):
                    return dialect_of_url(self._beginning(url))
        return None

    def _keyword(self, call: ast.Call, name: str) -> object:
        """The value of one argument, given by name or in a dictionary that is unpacked; None where it is not known."""
        value: object = None
        for word in call.keywords:
            known = self._value(word.value)
            if word.arg == name:
                value = known
            elif word.arg is None and isinstance(known, dict):
                value = known.get(name, value)
        return value

    def _conventions(self) -> Iterator[ast.expr]:
        for node in self._nodes:
            match node:
                case ast.Call(keywords=keywords):
                    yield from (word.value for word in keywords if word.arg == "naming_convention")
                case ast.Assign([ast.Attribute(attr="naming_convention")], value):
                    yield value

    def _texts(self, node: ast.expr) -> dict[str, str] | None:
        value = self._value(node)
        if not isinstance(value, dict):
            return None
        return {key: text for key, text in value.items() if isinstance(key, str) and isinstance(text, str)}

    def _beginning(self, node: ast.expr) -> str:
        """A text, as far as it is written down before its first computed part."""
        match node:
            case ast.JoinedStr([ast.Constant(str(text)), *_]):
                return text
            case ast.Call(ast.Attribute(text, "replace" | "format")):
                return self._beginning(text)
        value = self._value(node)
        return value if isinstance(value, str) else ""

    def _value(self, node: ast.expr) -> object:
        """The value of an expression; an entry that is not written down makes no other of its dictionary unknown."""
        match self._once.get(node.id) if isinstance(node, ast.Name) else node:
            case ast.Dict(keys, values):
                pairs = zip(keys, values, strict=True)
                return {key.value: self._plain(value) for key, value in pairs if isinstance(key, ast.Constant)}
            case ast.Call(ast.Name("dict"), [], keywords):
                return {word.arg: self._plain(word.value) for word in keywords}
        return self._plain(node)

    def _plain(self, node: ast.expr) -> object:
        try:
            return value_of(node, self._once)
        except ComputedError:
            return None


def _is_configure(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(ast.Name("context") | ast.Attribute(attr="context"), "configure"):
            return True
    return False


def _assigned_once(nodes: list[ast.AST]) -> dict[str, ast.expr]:
    """The names that one assignment gives a value, and that nothing changes afterwards."""
    found: dict[str, ast.expr] = {}
    changes: Counter[str] = Counter()
    for node in nodes:
        match node:
            case ast.Assign([ast.Name(name)], value) | ast.AnnAssign(ast.Name(name), _, ast.expr() as value):
                found[name] = value
                changes[name] += 1
            case ast.Subscript(ast.Name(name), ctx=ast.Store() | ast.Del()):
                changes[name] += 1
            case ast.Call(ast.Attribute(ast.Name(name), "update" | "setdefault" | "pop" | "clear")):
                changes[name] += 1
            case ast.AugAssign(ast.Name(name)) | ast.For(ast.Name(name)) | ast.arg(name):
                changes[name] += 1
    return {name: value for name, value in found.items() if changes[name] == 1}
