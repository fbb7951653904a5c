"""Whether something is served after a migration."""

from __future__ import annotations

import pytest

from migsafe.model.deploy import GuardKind
from migsafe.sources.deploy_files.serving import migration_at_start, migrations, serves_developers
from migsafe.sources.deploy_files.shell import commands


def _runs(text: str) -> list[tuple[str, bool]]:
    return [(run.serves, run.certain) for run in migrations(commands(text))]


@pytest.mark.parametrize(
    ("text", "serves", "certain"),
    [
        ("dbmate up && exec ./shop", "./shop", True),
        ("dbmate up && ./shop --port 8080", "./shop --port 8080", False),
        ("dbmate up && ./server", "./server", True),
        ("dbmate up; python -m shop.main", "python -m shop.main", True),
        ("dbmate up && python manage.py collectstatic && gunicorn app", "gunicorn app", True),
        ("dbmate up || true; bundle exec puma", "bundle exec puma", True),
        ("dbmate up && rails server -b 0.0.0.0", "rails server -b 0.0.0.0", True),
        ("dbmate up && npm start", "npm start", True),
        ("dbmate up && java -jar shop.jar", "java -jar shop.jar", True),
        ("dbmate up && celery -A shop worker", "celery -A shop worker", True),
        ('dbmate up\necho "starting: $@"\nexec "$@"', 'exec "$@"', True),
        ('dbmate up\nexec gosu app "$@"', 'exec "$@"', True),
        ('dbmate up\n"$@"', 'exec "$@"', True),
        ("gunicorn app & dbmate up; wait", "gunicorn app", True),
        ("./migrate.sh && gunicorn app", "gunicorn app", False),
        ("dbmate up\nPORT=8080\nexec gunicorn app", "gunicorn app", True),
        ("dbmate up\nexec > /var/log/shop.log 2>&1\ngunicorn app", "gunicorn app", True),
        ("dbmate up\nenv\nexec\ngunicorn app", "gunicorn app", True),
    ],
)
def test_something_is_served_after_it(text: str, serves: str, certain: bool) -> None:
    assert _runs(text) == [(serves, certain)]


@pytest.mark.parametrize(
    "text",
    [
        "dbmate up",
        "dbmate up && echo done",
        "dbmate up && python seed.py && python manage.py createsuperuser",
        "exec dbmate up",
        "dbmate up; exit 0; gunicorn app",
        "echo start; dbmate up; sleep 1; exit $?",
        "gunicorn app && dbmate up",
        "dbmate up\nDONE=1",
        'if [ -n "$MIGRATE" ]; then dbmate up; exit; fi\nexec gunicorn app',
        'if [ -n "$WEB" ]; then gunicorn app; else dbmate up; fi',
        "case $ROLE in\n schema) dbmate up ;;\n web) exec gunicorn app ;;\nesac",
    ],
)
def test_nothing_is_served_after_it(text: str) -> None:
    assert _runs(text) == [("", _runs(text)[0][1])]


@pytest.mark.parametrize(
    "text",
    [
        'case "$1" in\n migrate) dbmate up; exec "$@" ;;\nesac',
        'if [ "$1" = db:migrate ]; then dbmate up; fi\nexec "$@"',
        'case "$1" in\n init-db|upgrade) dbmate up;;\nesac\nexec "$@"',
    ],
)
def test_what_is_asked_for_by_name_is_as_it_should_be(text: str) -> None:
    assert _runs(text) == []


def test_of_several_migrations_the_surest_counts() -> None:
    text = '[ -n "$FIRST" ] && dbmate up\n./migrate.sh\nalembic upgrade head\ndbmate up\nexec gunicorn app\n'
    run = migration_at_start(commands(text))
    assert run is not None
    assert run.tool == "alembic"


def test_the_weightiest_condition_counts() -> None:
    function = 'f() { if [ "${RUN:-false}" = true ]; then dbmate up; fi; }\n'
    text = function + 'case "${1:-web}" in\n web) f; exec gunicorn a;; esac'
    (run,) = migrations(commands(text))
    assert run.guard is not None
    assert run.guard.kind is GuardKind.OFF_UNLESS_SET
    assert run.serves == "gunicorn a"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python manage.py runserver", True),
        ("uvicorn app:app --reload", True),
        ("npm run dev", True),
        ("pnpm dev", True),
        ("npx nodemon server.js", True),
        ("fastapi dev app.py", True),
        ("uvicorn app:app", False),
        ("npm run start", False),
        ("gunicorn development.wsgi", False),
    ],
)
def test_servers_for_developers(text: str, expected: bool) -> None:
    assert serves_developers(commands(text)) is expected
