"""Stand-ins for libraries whose objects reach the SQL of many projects; used where the real ones cannot be."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from migsafe.sources.alembic.worker.stand_ins import flask, pendulum, simplejson, sqlalchemy_utils
from migsafe.sources.alembic.worker.stand_ins.lazy import Lazy, Local

if TYPE_CHECKING:
    from collections.abc import Mapping

_UUID_MAKERS = dict.fromkeys(("uuid1", "uuid6", "uuid7", "uuid8"), uuid.uuid4)

_MODULES: dict[str, Mapping[str, Any]] = {
    "flask_appbuilder": {"Model": flask.make_model(), "SQLA": flask.SQLAlchemy},
    "flask_appbuilder.utils.legacy": {"get_sqla_class": lambda: flask.SQLAlchemy},
    "flask_sqlalchemy": {"SQLAlchemy": flask.SQLAlchemy},
    "lazy_object_proxy": {"Proxy": Lazy},
    "pendulum": pendulum.NAMES,
    "pendulum.datetime": pendulum.NAMES,
    "pendulum.tz.timezone": {"Timezone": pendulum.timezone, "FixedTimezone": pendulum.timezone},
    "simplejson": simplejson.NAMES,
    "uuid6": {**_UUID_MAKERS, "UUID": uuid.UUID},
    "werkzeug.local": {"LocalProxy": Local},
}


def of(module: str) -> Mapping[str, Any]:
    """What a module offers without its library; nothing where nobody has written a stand-in for it."""
    if module.partition(".")[0] == "sqlalchemy_utils":
        return sqlalchemy_utils.NAMES
    return _MODULES.get(module, {})
