"""The histories that really run on a server: from what each begins, and how the project itself upgrades."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

_INSIDE = Path(__file__).with_name("inside")
_DRIVER = "psycopg2-binary==2.9.13"


@dataclass(frozen=True)
class Base:
    """Tables that the project's own `create_all` makes before the first revision runs.

    Attributes:
        models: where their SQLAlchemy base class is, `module:name`.
        requirements: the older version of the project that has these models and all that it needs; none: the version
            under test has them, and its upgrade makes them by itself.
    """

    models: str
    requirements: tuple[str, ...] = ()


@dataclass(frozen=True)
class History:
    """One way from a beginning to a revision.

    Attributes:
        requirements: what is installed to run it.
        environment: the folder of `env.py`, below the installed packages.
        upgrade: arguments of the project's Python; `URL` stands for the database.
        offline: its arguments besides the script's name to print the SQL of the whole way instead.
        variables: environment variables of the upgrade; `URL` as above, `FOLDER` for one of its own.
        after: the revision at which the base stands; those up to it do not run. None: all run.
        upto: the last revision that runs. None: all run.
        assumed: tables that the replay has without knowing them: a revision asks for them, no revision makes them.
        known: beginnings of lines that differ for a reason, each with that reason.
    """

    name: str
    requirements: tuple[str, ...]
    environment: str
    upgrade: tuple[str, ...]
    offline: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    base: Base | None = None
    after: str | None = None
    upto: str | None = None
    assumed: tuple[str, ...] = ()
    known: dict[str, str] = field(default_factory=dict)

    def upgrade_of(self, url: str) -> tuple[str, ...]:
        """The arguments with which a database is upgraded."""
        return tuple(url if word == "URL" else word for word in self.upgrade)

    def variables_for(self, url: str, folder: str) -> dict[str, str]:
        """The variables for a database and a folder."""
        values = {"URL": url, "FOLDER": folder}
        return {name: values.get(value, value) for name, value in self.variables.items()}


#: SQLAlchemy of the time of JupyterHub's old models.
_OLD = "sqlalchemy<1.4"
_HUB = str(_INSIDE / "upgrade_jupyterhub.py")

OPTUNA = History(
    "optuna",
    ("optuna==5.0.0", _DRIVER),
    "optuna/storages/_rdb/alembic",
    (str(_INSIDE / "upgrade_optuna.py"), "URL"),
    offline=("postgresql+psycopg2://nobody@localhost/nobody", "--sql"),
)
AIRFLOW = History(
    "airflow",
    ("apache-airflow-core==3.3.2", "asyncpg", _DRIVER),
    "airflow/migrations",
    (str(_INSIDE / "upgrade_airflow.py"),),
    offline=("--sql",),
    variables={"AIRFLOW_HOME": "FOLDER", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "URL"},
    known=dict.fromkeys(
        (
            "only real: constraint public.task_map ck_task_map_task_map_length_not_negative ",
            "only replayed: constraint public.task_map task_map_length_not_negative ",
            "only real: index public.idx_revoked_token_exp ",
            "only replayed: index public.ix_revoked_token_exp ",
        ),
        "the naming convention stands in the application's models, from which env.py takes its metadata",
    ),
)
HISTORIES = (
    OPTUNA,
    # JupyterHub's first revision stands for the tables that JupyterHub 0.5 made. The whole way from there cannot be
    # gone: 99a28a4418e1 raises AttributeError (`datetime` has no `_replace`), on every database.
    History(
        "jupyterhub-0.5",
        ("jupyterhub==6.1.1", _DRIVER),
        "jupyterhub/alembic",
        (_HUB, "URL", "19c0846f6344", "56cc5a70207e"),
        base=Base("jupyterhub.orm:Base", ("jupyterhub==0.5.0", _OLD)),
        upto="56cc5a70207e",
        assumed=("oauth_access_tokens", "oauth_codes"),
    ),
    # What JupyterHub 0.9 made stands behind that revision, so that the rest of the way can be gone from there. Tables
    # of later versions are not there: JupyterHub makes them when it starts, whichever revision the others are at.
    History(
        "jupyterhub-0.9",
        ("jupyterhub==6.1.1", _DRIVER),
        "jupyterhub/alembic",
        (_HUB, "URL", "896818069c98", "head"),
        base=Base("jupyterhub.orm:Base", ("jupyterhub==0.9.6", _OLD)),
        after="896818069c98",
        assumed=("group_role_map", "roles", "service_role_map", "user_role_map"),
    ),
    # From what JupyterHub 2.3 made, every table is there that a later revision asks for.
    History(
        "jupyterhub-2.3",
        ("jupyterhub==6.1.1", _DRIVER),
        "jupyterhub/alembic",
        (_HUB, "URL", "833da8570507", "head"),
        base=Base("jupyterhub.orm:Base", ("jupyterhub==2.3.1", _OLD)),
        after="833da8570507",
    ),
    History(
        "mlflow",
        ("mlflow==3.17.2", _DRIVER),
        "mlflow/store/db_migrations",
        ("-m", "mlflow", "db", "upgrade", "URL"),
        base=Base("mlflow.store.tracking.dbmodels.initial_models:Base"),
    ),
    History(
        "mlflow-auth",
        ("mlflow==3.17.2", "flask-wtf<2", _DRIVER),
        "mlflow/server/auth/db/migrations",
        ("-m", "mlflow.server.auth", "db", "upgrade", "--url", "URL"),
    ),
    AIRFLOW,
)
