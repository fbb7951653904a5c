"""The one table of commands that migrate, and of those that ask whether a database is migrated."""

from __future__ import annotations

import shlex

import pytest

from migsafe.sources.deploy_files.migrate_commands import demanding, migrating

MIGRATE = [
    ("alembic upgrade head", "alembic"),
    ("alembic -c db/alembic.ini -x tenant=a upgrade head", "alembic"),
    ("python -m alembic upgrade +1", "alembic"),
    ("poetry run alembic upgrade head", "alembic"),
    ("uv run --frozen alembic upgrade heads", "alembic"),
    ("flask --app shop db upgrade", "Flask-Migrate"),
    ("python manage.py migrate", "Django"),
    ("python3.12 -u ./manage.py migrate --noinput", "Django"),
    ("/venv/bin/python /srv/manage.py migrate shop 0042", "Django"),
    ("./manage.py migrate --fake-initial", "Django"),
    ("django-admin migrate --settings shop.settings", "Django"),
    ("DJANGO_ENV=production pipenv run python manage.py migrate", "Django"),
    ("flyway -url=jdbc:postgresql://db/shop migrate", "Flyway"),
    ("flyway repair migrate", "Flyway"),
    ("./mvnw -q flyway:migrate", "Flyway"),
    ("./gradlew flywayMigrate", "Flyway"),
    ("goose up", "goose"),
    ("goose -dir db/migrations postgres $DSN up", "goose"),
    ("dbmate --url $DATABASE_URL up", "dbmate"),
    ("dbmate migrate", "dbmate"),
    ("diesel migration run", "diesel"),
    ("npx prisma migrate deploy", "Prisma"),
    ("pnpm exec prisma migrate deploy --schema=db/schema.prisma", "Prisma"),
    ("yarn prisma migrate deploy", "Prisma"),
    ("node node_modules/.bin/prisma migrate deploy", "Prisma"),
    ("migrate -path /migrations -database $DATABASE_URL up", "golang-migrate"),
    ("migrate -path=/migrations -database=$DATABASE_URL goto 42", "golang-migrate"),
    ("bundle exec rails db:migrate", "Rails"),
    ("RAILS_ENV=production bin/rake assets:precompile db:migrate", "Rails"),
    ("./bin/rails db:prepare", "Rails"),
    ("sqitch --chdir db deploy", "Sqitch"),
    ("liquibase --changelog-file=db.xml update", "Liquibase"),
    ("atlas migrate apply --env production", "Atlas"),
    ("npx knex migrate:latest --env production", "Knex"),
    ("npx sequelize-cli db:migrate", "Sequelize"),
    ("npx typeorm migration:run -d dist/data-source.js", "TypeORM"),
    ("npx drizzle-kit migrate", "Drizzle"),
    ("php artisan migrate --force", "Laravel"),
    ("php bin/console doctrine:migrations:migrate -n", "Doctrine"),
    ("mix ecto.migrate", "Ecto"),
    ("bin/shop eval 'Shop.Release.migrate()'", "Ecto"),
    ("dotnet ef database update", "Entity Framework"),
    ("migsafe run expand --env production", "migsafe"),
    ("gosu app python manage.py migrate", "Django"),
    ("su-exec app:app alembic upgrade head", "alembic"),
    ("tini -- alembic upgrade head", "alembic"),
    ("wait-for-it.sh db:5432 --timeout=60 -- alembic upgrade head", "alembic"),
    ("doppler run --config prd -- alembic upgrade head", "alembic"),
    ("timeout 60 dbmate up", "dbmate"),
]

OWN = [
    "npm run migrate",
    "npm run db:migrate",
    "yarn db:migrate",
    "pnpm run migrate:deploy",
    "./migrate.sh",
    "/app/migrate",
    "python scripts/run_migrations.py",
    "node dist/migrate.js",
]

NOT_MIGRATE = [
    "echo alembic upgrade head",
    "printf 'python manage.py migrate'",
    "alembic downgrade -1",
    "alembic current",
    "alembic history upgrade",
    "alembic upgrade head --sql",
    "alembic --help upgrade",
    "python manage.py migrate --check",
    "python manage.py migrate --plan",
    "python manage.py migrate_avatars",
    "python manage.py makemigrations",
    "python manage.py showmigrations",
    "python manage.py runserver migrate",
    "gunicorn migrate.wsgi",
    "cat /app/migrate/README",
    "ls migrate",
    "cd /srv/migrate",
    "flyway info",
    "flyway validate",
    "goose status",
    "goose down",
    "goose create up_front sql",
    "dbmate status",
    "dbmate new up",
    "migrate -path /migrations version",
    "migrate create -ext sql users",
    "rails db:migrate:status",
    "rails db:seed",
    "rails g migration AddName",
    "npx prisma generate",
    "npx prisma migrate status",
    "npm run build",
    "npm run migrate-avatars",
    "npm install migrate",
    "docker compose exec web alembic upgrade head",
    "kubectl exec web -- alembic upgrade head",
    "php artisan migrate:status",
    "php artisan migrate --pretend",
    "liquibase status",
    "atlas migrate lint",
    "knex migrate:make users",
    "sqitch status",
    "",
]


@pytest.mark.parametrize(("line", "tool"), MIGRATE)
def test_the_command_of_a_tool_migrates(line: str, tool: str) -> None:
    found = migrating(shlex.split(line))
    assert found is not None
    assert (found.tool, found.certain) == (tool, True)


@pytest.mark.parametrize("line", OWN)
def test_a_program_of_the_project_may_migrate_by_its_name(line: str) -> None:
    found = migrating(shlex.split(line))
    assert found is not None
    assert not found.certain


@pytest.mark.parametrize("line", NOT_MIGRATE)
def test_what_only_looks_like_it_does_not_migrate(line: str) -> None:
    assert migrating(shlex.split(line)) is None


@pytest.mark.parametrize(
    ("line", "tool", "ahead"),
    [
        ("alembic current --check-heads", "alembic", True),
        ("alembic check", "alembic", True),
        ("flask db check", "Flask-Migrate", True),
        ("python manage.py migrate --check", "Django", False),
        ("flyway -url=x validate", "Flyway", False),
        ("npx prisma migrate status", "Prisma", True),
        ("bin/rails db:abort_if_pending_migrations", "Rails", False),
        ("dbmate status --exit-code", "dbmate", False),
    ],
)
def test_a_command_that_demands_a_revision(line: str, tool: str, ahead: bool) -> None:
    demand = demanding([shlex.split(line)], line)
    assert demand is not None
    assert (demand.tool, demand.ahead, demand.behind) == (tool, ahead, True)


@pytest.mark.parametrize(
    "text",
    [
        '[ "$(alembic current)" = "$(alembic heads)" ]',
        "python -c 'assert script.get_current_head() == context.get_current_revision()'",
    ],
)
def test_a_check_of_the_project_that_compares_the_two(text: str) -> None:
    demand = demanding([], text)
    assert demand is not None
    assert demand.ahead


@pytest.mark.parametrize(
    "line",
    [
        "alembic current",
        "alembic current --help",
        "python manage.py check --deploy",
        "python manage.py migrate",
        "dbmate status",
        "curl -f http://localhost:8080/readyz",
        "grep -q head /run/shop/ready",
        "psql -c 'SELECT version_num FROM alembic_version'",
    ],
)
def test_what_demands_no_revision(line: str) -> None:
    assert demanding([shlex.split(line)], line) is None
