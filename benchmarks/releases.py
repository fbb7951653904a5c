"""What reading the releases costs beside linting the same migrations: ratios, measured side by side in one run.

Standard library and migsafe only. A repository is made with as many migrations, tags and other commits
as are asked for.

    python benchmarks/releases.py
    python benchmarks/releases.py --migrations 1000 --tags 100 --commits 5000 --rounds 5
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lint import Command, Sample, sample

_READ = """
import sys
from pathlib import Path
import migsafe.config  # lint needs it all the same
paths = [str(path) for path in sorted(Path("migrations").rglob("*.sql"))]
if sys.argv[1] != "0":
    from migsafe.history.releases import read_releases
    found = read_releases(Path("."), paths)
    assert len(found.releases) == int(sys.argv[1]), len(found.releases)
    assert len(found.first) > 0.9 * len(paths), len(found.first)
"""


def make(folder: Path, migrations: int, tags: int, commits: int, *, nested: bool) -> None:
    """A repository of a commit for each migration, further commits to code between, and tags at even distances."""
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)
    stream = "".join(_history(migrations, tags, commits, nested=nested))
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input=stream, text=True, check=True)
    subprocess.run(["git", "reset", "-q", "--hard", "main"], cwd=folder, check=True)


def _history(migrations: int, tags: int, commits: int, *, nested: bool) -> Iterator[str]:
    total = migrations + commits
    for number in range(total):
        yield f"commit refs/heads/main\ncommitter a <a@example.org> {1_600_000_000 + number * 3600} +0000\ndata 1\n.\n"
        for path, text in _files(number, number * migrations // total, migrations, total, nested=nested):
            yield f"M 100644 inline {path}\ndata {len(text)}\n{text}\n"
        if number * tags // total != (number + 1) * tags // total:
            yield f"reset refs/tags/v1.{number * tags // total}\nfrom refs/heads/main\n\n"


def _files(number: int, migration: int, migrations: int, total: int, *, nested: bool) -> Iterator[tuple[str, str]]:
    yield f"app/module_{number % 500}/file_{number % 7}.py", f"x = {number}\n"
    if migration != (number - 1) * migrations // total or number == 0:
        place = f"{migration:05}_step/up.sql" if nested else f"{migration:05}_step.sql"
        yield f"migrations/{place}", _step(migration)


def _step(number: int) -> str:
    table = f"account_{number // 20}"
    if number % 20 == 0:
        return f"CREATE TABLE {table} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);\n"
    return f"ALTER TABLE {table} ADD COLUMN field_{number} text;\n"


def main() -> int:
    """Measure; the exit code says whether the budget of 30 % was kept."""
    options = _options().parse_args()
    worst = 0.0
    with tempfile.TemporaryDirectory(prefix="migsafe-bench-") as folder:
        for nested in (False, True):
            top = Path(folder) / ("folders" if nested else "flat")
            make(top, options.migrations, options.tags, options.commits, nested=nested)
            if nested:
                (top / "diesel.toml").touch()
            worst = max(worst, _measure(top, options))
    return 0 if worst <= 0.30 else 1


def _measure(top: Path, options: argparse.Namespace) -> float:
    python = options.python
    lint = Command("lint", (python, "-m", "migsafe", "lint", "migrations"))
    read = Command("read", (python, "-c", _READ, str(options.tags)))
    none = Command("start", (python, "-c", _READ, "0"))
    os.environ["MIGSAFE_RELEASE_SOURCE"] = "none"  # lint alone: it would read the releases by itself
    taken: dict[str, list[Sample]] = {one.name: [] for one in (lint, read, none)}
    for number in range(options.rounds + 1):
        for one in (lint, read, none):
            got = sample(one, top)
            if number:  # the first warms up
                taken[one.name].append(got)
    wall = {name: statistics.median(one.wall for one in samples) for name, samples in taken.items()}
    cpu = {name: statistics.median(one.cpu for one in samples) for name, samples in taken.items()}
    added = {kind: (of["read"] - of["start"]) / of["lint"] for kind, of in (("wall", wall), ("cpu", cpu))}
    print(f"{top.name}: {options.migrations} migrations, {options.tags} tags, {options.commits} other commits")
    print(
        f"  reading the releases adds {added['wall']:.1%} of the time of lint on the clock, {added['cpu']:.1%} of CPU"
    )
    return added["wall"]


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="The cost of reading releases, as a part of the time of lint.")
    parser.add_argument("--migrations", type=int, default=1_000)
    parser.add_argument("--tags", type=int, default=100)
    parser.add_argument("--commits", type=int, default=4_000, help="commits that touch no migration")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has migsafe")
    return parser


if __name__ == "__main__":
    sys.exit(main())
