"""On a Postgres that nobody can reach."""

from settings import *  # noqa: F403 - how Django's settings inherit

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "nobody",
        "HOST": "127.0.0.1",
        "PORT": "1",
    }
}
INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.postgres"]  # noqa: F405
