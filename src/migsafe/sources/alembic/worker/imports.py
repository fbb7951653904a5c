"""Imports of the project's own code, without the application that it belongs to.

- A package's `__init__` is not run until something is wanted of it that is no submodule, and then only where the name
  is not merely passed on from another module.
- A module runs one statement after another: one that fails leaves unknown what it would have defined, and no more.
- What a module of the project imports and nobody has installed is unknown, or one of the stand-ins. So is a web
  framework that is installed: what it gives comes from an application that runs, and none does.

Imports by anybody else are left alone: libraries try optional imports, and must see them fail.
"""

from __future__ import annotations
import __future__

import ast
import importlib
import importlib.util
import sys
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from migsafe.sources.alembic.worker import stand_ins
from migsafe.sources.alembic.worker.outside import failed_function, is_inside
from migsafe.sources.alembic.worker.protobuf import define_enums
from migsafe.sources.alembic.worker.stub import make_stub

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


#: Web frameworks whose objects stand for the application that runs, and what begins the names of their extensions.
_FRAMEWORKS = frozenset({"flask", "werkzeug"})
_EXTENSIONS = "flask_"


def install_imports(sys_path: Sequence[str], project: Sequence[str]) -> None:
    """Let revisions import what the project has, and get on without the rest.

    Args:
        sys_path: put in front of the module search path.
        project: folders whose code is the project's own.
    """
    sys.path[:0] = sys_path
    folders = tuple(str(Path(folder).resolve()) for folder in project)
    sys.meta_path.insert(0, _ProjectFinder(folders))
    sys.meta_path.append(_MissingFinder(folders))


class _ProjectFinder(MetaPathFinder):
    """Finds the project's modules and gives them careful loaders."""

    def __init__(self, folders: tuple[str, ...]) -> None:
        self._folders = folders

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None and is_inside(spec.origin, self._folders):
            if not isinstance(spec.loader, SourceFileLoader):
                return None
            spec.loader = _loader_class(spec)(fullname, spec.origin, self._folders)
            return spec
        return self._unknown(fullname) if _is_framework(fullname) else None

    def _unknown(self, fullname: str) -> ModuleSpec:
        """What the project finds in the place of a framework; a library finds that it is not there.

        Raises:
            ModuleNotFoundError: to a library.
        """
        spec = _MissingFinder(self._folders).find_spec(fullname)
        if spec is None:
            raise ModuleNotFoundError(f"{fullname}: no application runs while migrations are rendered", name=fullname)
        return spec


def _is_framework(fullname: str) -> bool:
    top = fullname.partition(".")[0]
    return top in _FRAMEWORKS or top.startswith(_EXTENSIONS)


def _loader_class(spec: ModuleSpec) -> type[_CarefulLoader]:
    if spec.submodule_search_locations is not None:
        return _LightPackageLoader
    return _ProtobufLoader if spec.name.endswith("_pb2") else _CarefulLoader


class _CarefulLoader(SourceFileLoader):
    """Runs a module, one top-level statement after another: one that fails leaves its own names unknown, no others."""

    def __init__(self, fullname: str, path: str, folders: tuple[str, ...]) -> None:
        super().__init__(fullname, path)
        self.folders = folders

    def exec_module(self, module: ModuleType) -> None:
        try:
            tree = ast.parse(self.get_data(self.path), self.path)
        except (SyntaxError, ValueError):  # written for another Python, or no text
            _leave_unknown(module)
            return
        futures = _futures(tree)
        for statement in tree.body:
            self._run(statement, module, futures)

    def _run(self, statement: ast.stmt, module: ModuleType, futures: int) -> None:
        code = compile(ast.Module([statement], []), self.path, "exec", flags=futures, dont_inherit=True)
        try:
            exec(code, module.__dict__)  # noqa: S102 - to run the project's code is what this process is for
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a module of an application may raise anything, and may call sys.exit
            self._do_without(statement, code, module, futures, error)

    def _do_without(
        self, statement: ast.stmt, code: CodeType, module: ModuleType, futures: int, error: BaseException
    ) -> None:
        if isinstance(statement, ast.Import | ast.ImportFrom) and len(statement.names) > 1:
            for alias in statement.names:
                single = ast.copy_location(type(statement)(**{**_fields(statement), "names": [alias]}), statement)
                self._run(single, module, futures)
            return
        function = failed_function(error, self.folders)
        if function is not None and function.code.co_filename != self.path:
            with function.unknown(), suppress(Exception):  # as above: the names stay unknown
                exec(code, module.__dict__)  # noqa: S102 - as above
        for name in _bound_names(statement):
            module.__dict__.setdefault(name, make_stub(f"{module.__name__}.{name}"))


class _LightPackageLoader(_CarefulLoader):
    """Makes a package whose `__init__` has not run yet."""

    def exec_module(self, module: ModuleType) -> None:
        module.__class__ = _LightPackage


class _ProtobufLoader(_CarefulLoader):
    """Makes a generated module without the library that it needs."""

    def exec_module(self, module: ModuleType) -> None:
        define_enums(module, self.get_data(self.path))
        _leave_unknown(module)


class _LightPackage(ModuleType):
    """A package that runs its `__init__` only when it must."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        full_name = f"{self.__name__}.{name}"
        if _exists(full_name):
            return importlib.import_module(full_name)
        if (passed_on := _passed_on(self, name)) is not None:
            return passed_on
        _run_init(self)
        return getattr(self, name)


def _exists(full_name: str) -> bool:
    try:
        spec = importlib.util.find_spec(full_name)
    except (ImportError, ValueError):
        return False
    return spec is not None and not isinstance(spec.loader, _StubLoader)


def _passed_on(package: ModuleType, name: str) -> Any:
    """The value of a name that `__init__` only imports from a module of its own package; None for any other name."""
    source = _text(package)
    for statement in ast.parse(source).body if source else ():
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                if (alias.asname or alias.name) == name:
                    return _from(package, statement, alias.name)
    return None


def _from(package: ModuleType, statement: ast.ImportFrom, name: str) -> Any:
    origin = "." * statement.level + (statement.module or "")
    module = importlib.util.resolve_name(origin, package.__name__) if statement.level else origin
    if not module.startswith(package.__name__.partition(".")[0]):
        return None
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        return None


def _text(package: ModuleType) -> str:
    path = Path(package.__file__ or "")
    return path.read_text(encoding="utf-8", errors="replace") if path.suffix == ".py" else ""


def _run_init(package: ModuleType) -> None:
    package.__class__ = ModuleType
    light = package.__loader__
    assert isinstance(light, _LightPackageLoader)
    _CarefulLoader(light.name, light.path, light.folders).exec_module(package)


def _futures(tree: ast.Module) -> int:
    """The compiler flags of the module's `from __future__` imports."""
    names = {
        alias.name
        for statement in tree.body
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        for alias in statement.names
    }
    flags = 0
    for name in names:
        flags |= getattr(__future__, name).compiler_flag
    return flags


def _fields(node: ast.AST) -> dict[str, Any]:
    return dict(ast.iter_fields(node))


def _bound_names(statement: ast.stmt) -> Iterator[str]:
    """What a statement of a module gives a name to, in whichever branch."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0]
    else:
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.stmt):
                yield from _bound_names(child)
            else:
                yield from _assigned_names(child)


def _assigned_names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.ExceptHandler | ast.Tuple | ast.List):
        for child in ast.iter_child_nodes(node):
            yield from _bound_names(child) if isinstance(child, ast.stmt) else _assigned_names(child)


def _leave_unknown(module: ModuleType) -> None:
    def unknown(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        full_name = f"{module.__name__}.{name}"
        if hasattr(module, "__path__") and _exists(full_name):
            return importlib.import_module(full_name)
        return make_stub(full_name)

    module.__dict__["__getattr__"] = unknown


class _MissingFinder(MetaPathFinder):
    """The last resort: what the project imports and nobody has."""

    def __init__(self, folders: tuple[str, ...]) -> None:
        self._folders = folders

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        parent = sys.modules.get(fullname.rpartition(".")[0])
        if isinstance(getattr(parent, "__loader__", None), _StubLoader) or self._project_imports():
            return ModuleSpec(fullname, _StubLoader(), is_package=True)
        return None

    def _project_imports(self) -> bool:
        frame = sys._getframe(1)
        while frame.f_back is not None:
            frame = frame.f_back
            name = frame.f_code.co_filename
            if not name.startswith("<frozen importlib") and name != __file__ and "/importlib/" not in name:
                return is_inside(name, self._folders)
        return False


class _StubLoader(Loader):
    """Makes a module of unknown things, or the stand-in for a well-known one."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__.update(stand_ins.of(module.__name__))
        _leave_unknown(module)
