"""A project that uses everything in the measured packages that has migrations."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.postgres")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
