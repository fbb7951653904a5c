"""On a throw-away Postgres, for the one measurement that migrates for real."""

import os

from settings.postgres import *  # noqa: F403 - how Django's settings inherit

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["MEASURED_DATABASE"],
        "HOST": os.environ["MEASURED_FOLDER"],
        "USER": "postgres",
    }
}
