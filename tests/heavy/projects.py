"""The published projects that are measured: each ships its migrations in its wheel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from cache import Cache


@dataclass(frozen=True)
class Project:
    """A distribution on the package index.

    Attributes:
        requirement: name and version; a figure says little when it does not say of what.
        environments: Alembic's environments in it (folders with `env.py`), below the root of the unpacked wheel.
    """

    requirement: str
    environments: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name without the version."""
        return self.requirement.partition("==")[0]

    def folders(self, cache: Cache) -> tuple[Path, ...]:
        """Where its environments stand in the unpacked wheel."""
        root = cache.unpacked(self.requirement)
        return tuple(root / environment for environment in self.environments)


OPTUNA = Project("optuna==5.0.0", ("optuna/storages/_rdb/alembic",))
JUPYTERHUB = Project("jupyterhub==6.1.1", ("jupyterhub/alembic",))
MLFLOW = Project("mlflow==3.18.0", ("mlflow/store/db_migrations", "mlflow/server/auth/db/migrations"))
AIRFLOW = Project("apache-airflow-core==3.3.2", ("airflow/migrations",))
SUPERSET = Project("apache-superset==6.1.0", ("superset/migrations",))

ALEMBIC = (OPTUNA, JUPYTERHUB, MLFLOW, AIRFLOW, SUPERSET)
DJANGO = (Project("Django==5.2.19"), Project("wagtail==8.0.1"), Project("django-oauth-toolkit==3.4.1"))
