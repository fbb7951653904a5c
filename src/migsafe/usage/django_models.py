"""Django's models, read from their syntax: which tables and columns their fields stand for.

The app's label is the name of the folder that holds `models.py` or `models/`, unless an `AppConfig` or `Meta` says
another (Django 5.2 documentation, "Model Meta options": `app_label`, `db_table`; "Model field reference": `db_column`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from migsafe.model.names import QualifiedName
from migsafe.model.usage import Giving, Place, Use, Writer
from migsafe.usage.classes import Classes, PythonClass, assignments, called, dotted, keyword, text_of
from migsafe.usage.files import is_test
from migsafe.usage.sightings import Sighting, evidence

if TYPE_CHECKING:
    from migsafe.model.usage import UsageEvidence
    from migsafe.usage.code import Code
    from migsafe.usage.subjects import Wanted

SOURCE = "django-models"

_LINKS = frozenset({"ForeignKey", "OneToOneField", "ParentalKey", "TreeForeignKey"})
_MANY = frozenset({"ManyToManyField", "ParentalManyToManyField"})
_NO_COLUMNS = frozenset(
    {"GenericForeignKey", "GenericRelation", "Manager", "property", "cached_property", "FieldPanel"}
)
_LABEL = re.compile(r"^\s+label\s*(?::\s*str\s*)?=\s*[\"'](\w+)[\"']", re.MULTILINE)
_QUOTED = re.compile(r'"?(?:(?P<schema>[^".]+)"?\."?)?(?P<name>[^"]+)"?\Z')
#: Abstract models of Django itself, and their columns (django/contrib/auth/models.py and base_user.py, 5.2).
_KNOWN_BASES: dict[str, frozenset[str]] = {
    "AbstractBaseUser": frozenset({"password", "last_login"}),
    "PermissionsMixin": frozenset({"is_superuser"}),
    "AbstractUser": frozenset(
        {"password", "last_login", "is_superuser", "username", "first_name", "last_name", "email", "is_staff",
         "is_active", "date_joined"}
    ),
}  # fmt: skip
_PLAIN_BASES = frozenset({"Model", "object", "ABC", "Generic", "Protocol"})


@dataclass(frozen=True, slots=True)
class Field:
    """A field's column; `sure` is false where an attribute only may be a field.

    Attributes:
        always: every new row has a value for it: it is not null, or has a default in the program.
    """

    column: str
    attribute: str
    place: Place
    sure: bool = True
    always: bool = False


@dataclass(slots=True)
class DjangoModel:
    """A model with a table.

    Attributes:
        open: why it may have columns that are not listed.
    """

    table: QualifiedName
    name: str
    place: Place
    fields: list[Field] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


class DjangoModels:
    """The Django models of one release's code."""

    def __init__(self, code: Code, classes: Classes) -> None:
        self._code = code
        self._classes = classes
        self._labels: dict[PurePosixPath, str] = {}
        self._models = tuple(self._all()) if code.django_files else ()
        self._unread = sorted(path for path in code.unread if path.endswith(".py"))

    def evidence(self, sought: Wanted, release: str | None) -> UsageEvidence | None:
        """What the models say of a subject; None where no model has its table."""
        models = self._of(sought)
        sightings = [seen for model in models for seen in _uses(model, sought)]
        return evidence(SOURCE, sightings, release, otherwise=self._otherwise(sought, models))

    def maps(self, sought: Wanted) -> bool:
        """Whether a model outside of tests has the subject's table."""
        return any(not is_test(model.place.path) for model in self._of(sought))

    def writers(self, sought: Wanted) -> Iterator[Writer]:
        """The models through which rows get into the subject's table, outside of tests."""
        return (_writer(model, sought) for model in self._of(sought) if not is_test(model.place.path))

    def owners(self, sought: Wanted) -> frozenset[str]:
        """The names of the models that have the subject's table, in lower case."""
        return frozenset(model.name.lower() for model in self._of(sought))

    def _of(self, sought: Wanted) -> list[DjangoModel]:
        return [model for model in self._models if sought.is_table(model.table)]

    def _otherwise(self, sought: Wanted, models: list[DjangoModel]) -> tuple[Use, str] | None:
        real = [model for model in models if not is_test(model.place.path)]
        reason = next((reason for model in real for reason in model.open), None)
        if reason is None and real and self._unread:
            reason = f"{self._unread[0]} is not read: {self._code.unread[self._unread[0]]}"
        if reason is not None:
            return Use.UNKNOWN, f"the models cannot be read in full: {reason}"
        if real:
            model = real[0]
            return Use.NONE, f"model {model.name} ({model.place}) has no field for {sought.shown}"
        if sought.column is None and self._code.django_files:
            return Use.NONE, f"no Django model has the table {sought.subject.table.name}"
        return None

    # -- models ------------------------------------------------------------------------------------------------------

    def _all(self) -> Iterator[DjangoModel]:
        for declared in self._classes.all():
            if self._has_table(declared) and not _flag(declared, "proxy"):
                model = self._model(declared)
                yield model
                abstract = [base for _, base in self._classes.ancestry(declared) if base is not None]
                for each in (declared, *(base for base in abstract if not self._has_table(base))):
                    yield from _many_to_many(each, model)

    def _has_table(self, declared: PythonClass) -> bool:
        return self._is_model(declared) and not _flag(declared, "abstract")

    def _is_model(self, declared: PythonClass) -> bool:
        chain = [(base, declared) for base in declared.bases]
        chain += [(name, found) for name, base in self._classes.ancestry(declared) if base is not None
                  for found in (base,) for name in base.bases]  # fmt: skip
        return any(self._is_root(name, found) for name, found in chain)

    def _is_root(self, name: str, of: PythonClass) -> bool:
        first, _, last = name.partition(".")
        module, original = of.module.imports.get(first, ("", ""))
        if last == "Model":
            return module.startswith("django.") and original == "models"
        return (name == "Model" and module.startswith("django.")) or name.rpartition(".")[2] in _KNOWN_BASES

    def _model(self, declared: PythonClass) -> DjangoModel:
        model = DjangoModel(self._table(declared), declared.name, Place(declared.module.path, declared.node.lineno))
        model.fields += _fields(declared)
        child_of_table = False
        for name, base in self._classes.ancestry(declared):
            last = name.rpartition(".")[2]
            if base is None and last in _KNOWN_BASES:
                model.fields += [Field(column, column, model.place) for column in sorted(_KNOWN_BASES[last])]
            elif base is None and last not in _PLAIN_BASES and not last.endswith("Mixin"):
                model.open.append(f"{name}, a base of model {declared.name} ({model.place}), is of another package")
            elif base is not None and self._has_table(base):
                child_of_table = True
                model.fields.append(Field(f"{base.name.lower()}_ptr_id", f"{base.name.lower()}_ptr", model.place))
            elif base is not None and not child_of_table:
                model.fields += _fields(base)
        return model

    def _table(self, declared: PythonClass) -> QualifiedName:
        found = _QUOTED.match(_meta_text(declared, "db_table") or "")
        if found is not None:
            return QualifiedName(found["name"], found["schema"])
        label = _meta_text(declared, "app_label") or self._label(declared.module.path)
        return QualifiedName(f"{label}_{declared.name.lower()}".lstrip("_"))

    def _label(self, path: str) -> str:
        """The label of the app that contains a module: of the nearest folder with an `AppConfig`."""
        folder = PurePosixPath(path).parent
        if folder not in self._labels:
            self._labels[folder] = self._label_of(folder)
        return self._labels[folder]

    def _label_of(self, folder: PurePosixPath) -> str:
        for outer in (folder, *folder.parents):
            text = self._code.text((outer / "apps.py").as_posix())
            if text:
                found = _LABEL.search(text)
                return found[1] if found else outer.name
        while folder.name == "models" or "models" in folder.parent.parts:
            folder = folder.parent
        return folder.name


def _many_to_many(declared: PythonClass, model: DjangoModel) -> Iterator[DjangoModel]:
    """The tables that the ManyToManyFields of a class bring along, for a model that has them."""
    for names, value, node in assignments(declared.node.body):
        if called(value) not in _MANY or not isinstance(value, ast.Call) or keyword(value, "through") is not None:
            continue
        target, own = _target(value), model.name.lower()
        columns = ("id", f"{own}_id", f"{target}_id")
        if target in ("self", own):
            columns = ("id", f"from_{own}_id", f"to_{own}_id")
        place = Place(declared.module.path, node.lineno)
        for attribute in names:
            given = text_of(keyword(value, "db_table"), declared.module)
            table = QualifiedName(given or f"{model.table.name}_{attribute}")
            fields = [Field(column, attribute, place) for column in columns]
            yield DjangoModel(table, f"{model.name}.{attribute}", place, fields)


def _uses(model: DjangoModel, sought: Wanted) -> Iterator[Sighting]:
    in_tests = is_test(model.place.path)
    table = model.table.name
    if sought.column is None:
        text = f"model {model.name} has the table {table}"
        yield _sighting(model.place, text, in_tests=in_tests)
        return
    for each in model.fields:
        if sought.is_column(each.column):
            renamed = f" as {each.attribute}" if each.attribute != each.column else ""
            verb = "has" if each.sure else "may have"
            text = f"model {model.name} {verb} {table}.{each.column}{renamed}"
            yield _sighting(each.place, text, sure=each.sure, in_tests=in_tests)


def _writer(model: DjangoModel, sought: Wanted) -> Writer:
    """What a model does to new rows: an INSERT names all of its fields, and sends NULL where one has no value."""
    table = model.table.name
    fields = [each for each in model.fields if sought.is_column(each.column)]
    if not fields:
        text = f"model {model.name} has no field for {table}.{sought.column}"
        giving = Giving.MAY_LEAVE_OUT if model.open else Giving.LEAVES_OUT
        return Writer(SOURCE, giving, model.place, text + (", as far as can be seen" if model.open else ""))
    each = fields[0]
    if each.always and each.sure:
        return Writer(
            SOURCE, Giving.GIVES, each.place, f"model {model.name} always gives {table}.{each.column} a value"
        )
    text = f"model {model.name} has {table}.{each.column}, and may leave it NULL"
    return Writer(SOURCE, Giving.MAY_LEAVE_OUT, each.place, text)


def _sighting(place: Place, text: str, *, sure: bool = True, in_tests: bool) -> Sighting:
    if in_tests:
        return Sighting(Use.WEAK, place, text + ", in a test")
    return Sighting(Use.STRONG if sure else Use.WEAK, place, text)


def _fields(declared: PythonClass) -> Iterator[Field]:
    primary = False
    for names, value, node in assignments(declared.node.body):
        word = called(value)
        if not isinstance(value, ast.Call) or word in _MANY or word in _NO_COLUMNS:
            continue
        place = Place(declared.module.path, node.lineno)
        primary = primary or "primary_key=True" in ast.unparse(value)
        for attribute in names:
            given = text_of(keyword(value, "db_column"), declared.module)
            column = given or (attribute + "_id" if word in _LINKS else attribute)
            sure = word in _LINKS or word.endswith("Field")
            yield Field(column, attribute, place, sure=sure, always=_is_always_given(value))
    if not primary and not _flag(declared, "abstract"):
        yield Field("id", "id", Place(declared.module.path, declared.node.lineno), always=True)


def _is_always_given(call: ast.Call) -> bool:
    """Whether a field has a value in every new row (Django 5.2, "Model field reference": `null`, `default`)."""
    if keyword(call, "db_default") is not None:
        return False
    null, default = keyword(call, "null"), keyword(call, "default")
    refuses = null is None or (isinstance(null, ast.Constant) and null.value is False)
    return refuses or not (default is None or (isinstance(default, ast.Constant) and default.value is None))


def _target(call: ast.Call) -> str:
    target = call.args[0] if call.args else keyword(call, "to")
    name = target.value if isinstance(target, ast.Constant) else dotted(target) if target is not None else ""
    return str(name).rpartition(".")[2].lower()


def _flag(declared: PythonClass, name: str) -> bool:
    value = _meta(declared, name)
    return isinstance(value, ast.Constant) and value.value is True


def _meta_text(declared: PythonClass, name: str) -> str | None:
    return text_of(_meta(declared, name), declared.module)


def _meta(declared: PythonClass, name: str) -> ast.expr | None:
    meta = declared.inner("Meta")
    return None if meta is None else next((value for names, value, _ in assignments(meta.body) if name in names), None)
