"""Speed and memory of the linter beside its peers: ratios, measured side by side in one run.

Standard library only. What is not installed is said and left out; see README.md for how to install it all.

    python benchmarks/lint.py
    python benchmarks/lint.py --corpus path/to/project --rounds 9 --only small,start
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORPORA = (ROOT.parent / "shared/corpus/sql/crates.io", ROOT / "fixtures/sources/diesel")

#: sqlfluff needs many times as long as the others: it gets this many files, and the others the same ones beside it.
SUBSET = 100
MANY, FEW = 5_000, 1_000
NOT_FOR_CHEAP_COMMANDS = ("sqlglot", "sqlalchemy", "alembic", "psycopg")


#: Runs its arguments and says how they did. A process starts with the peak memory of the one that started it: this
#: one imports next to nothing, so that it is no larger than the smallest that is measured.
_LAUNCHER = """
import posix, sys, time
null = posix.open("/dev/null", posix.O_RDWR)
silence = [(posix.POSIX_SPAWN_DUP2, null, stream) for stream in (0, 1, 2)]
started = time.perf_counter()
child = posix.posix_spawn(sys.argv[1], sys.argv[1:], posix.environ, file_actions=silence)
_, status, usage = posix.wait4(child, 0)
wall = time.perf_counter() - started
print(posix.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss)
"""


@dataclass(frozen=True)
class Command:
    """A command line, and what the tables call it."""

    name: str
    words: tuple[str, ...]
    exits: tuple[int, ...] = (0, 1)


@dataclass(frozen=True)
class Sample:
    """One process: seconds of CPU (user and system) and of the clock, and peak memory in KiB."""

    cpu: float
    wall: float
    memory: float


@dataclass(frozen=True)
class Tools:
    """The installations that take part; None for what is not there."""

    migsafe: str
    plain: str | None
    squawk: str | None
    sqlfluff: str | None

    @property
    def python(self) -> str:
        """The interpreter that runs migsafe."""
        beside = Path(self.migsafe).parent / "python"
        return str(beside) if beside.exists() else sys.executable

    def bare_python(self) -> Command:
        return Command("python -c pass", (self.python, "-c", "pass"))

    def lint(self, *paths: Path | str, name: str = "migsafe lint") -> Command:
        return Command(name, (self.migsafe, "lint", *map(str, paths)))

    def peers(self, files: Sequence[Path], *, slow: bool) -> Iterator[Command]:
        """The peers on the same files; `slow` for those that need long: they get the folder, which holds no more."""
        if self.squawk:
            yield Command("squawk", (self.squawk, *map(str, files)))
        if self.sqlfluff and slow:
            yield Command("sqlfluff parse", (self.sqlfluff, "parse", "--dialect", "postgres", str(files[0].parent)))
            yield Command("sqlfluff lint", (self.sqlfluff, "lint", "--dialect", "postgres", str(files[0].parent)))


def sample(command: Command, folder: Path) -> Sample:
    """Run a command once.

    Raises:
        RuntimeError: when it ends with an exit code that is no result.
    """
    # Without its cache of byte code, Python would compile everything that is installed editable, each time.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    launcher = (sys.executable, "-I", "-S", "-c", _LAUNCHER, *command.words)
    told = subprocess.run(launcher, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout
    code, cpu, wall, memory = told.split()
    if int(code) not in command.exits:
        raise RuntimeError(f"exit code {code}")
    return Sample(float(cpu), float(wall), float(memory))


def measure(commands: Sequence[Command], rounds: int, folder: Path) -> dict[str, list[Sample]]:
    """Warm each command up, then run them in turn, round after round: a busy moment of the machine hits them all."""
    running = []
    for command in commands:
        try:
            sample(command, folder)
            running.append(command)
        except (subprocess.CalledProcessError, RuntimeError) as error:
            print(f"  left out: {command.name}: {error}")
    samples: dict[str, list[Sample]] = {command.name: [] for command in running}
    for _ in range(rounds):
        for command in running:
            samples[command.name].append(sample(command, folder))
    return samples


def compare(title: str, commands: Sequence[Command], rounds: int, folder: Path) -> None:
    """Measure, and print each command's figures as multiples of the last command's."""
    print(f"\n{title}")
    samples = measure(commands, rounds, folder)
    if len(samples) < 2:
        print("  nothing to compare with")
        return
    base = list(samples)[-1]
    print(f"  {'(multiples of ' + base + ')':34}  {'CPU':>7}  {'lowest–highest':>15}  {'wall':>7}  {'memory':>7}")
    for name, own in samples.items():
        if name != base:
            print(f"  {name:34}  {_ratios(own, samples[base])}")


def _ratios(own: Sequence[Sample], base: Sequence[Sample]) -> str:
    """Medians side by side; the range is of the ratios within one round."""
    cpu, wall, memory = (_median(own, read) / _median(base, read) for read in (_cpu, _wall, _memory))
    within = [mine.cpu / max(other.cpu, 1e-6) for mine, other in zip(own, base, strict=True)]
    return f"{cpu:6.2f}×  {f'{min(within):.2f}–{max(within):.2f}':>15}  {wall:6.2f}×  {memory:6.2f}×"


def _median(samples: Sequence[Sample], read: Callable[[Sample], float]) -> float:
    return max(statistics.median(map(read, samples)), 1e-6)


def _cpu(one: Sample) -> float:
    return one.cpu


def _wall(one: Sample) -> float:
    return one.wall


def _memory(one: Sample) -> float:
    return one.memory


@dataclass(frozen=True)
class Bench:
    """What every case needs."""

    tools: Tools
    corpus: Path
    files: tuple[Path, ...]
    rounds: int
    folder: Path

    def project(self) -> None:
        """A whole project, cold: a new process, no cache of results."""
        title = f"A project, cold: the {len(self.files)} upward files of {self.corpus.name}"
        compare(
            title, [self.tools.lint(*self.files), *self.tools.peers(self.files, slow=False)], self.rounds, self.folder
        )

    def subset(self) -> None:
        """The peers that need long, on every n-th file; copied, so that nobody reads the others as context."""
        folder = self.folder / "subset"
        folder.mkdir()
        step = max(1, len(self.files) // SUBSET)
        chosen = self.files[::step][:SUBSET]
        copies = [folder / f"{number:04}_{file.parent.name}.sql" for number, file in enumerate(chosen, 1)]
        for file, copy in zip(chosen, copies, strict=True):
            shutil.copyfile(file, copy)
        commands = [*self.tools.peers(copies, slow=True), self.tools.lint(*copies)]
        compare(f"A part of it: the same {len(copies)} files for each", commands, self.rounds, folder)

    def small(self) -> None:
        """What a pre-commit hook feels."""
        folder = self.folder / "small"
        folder.mkdir()
        file = folder / "0001_add_email.sql"
        file.write_text("ALTER TABLE users ADD COLUMN email text NOT NULL DEFAULT '';\n", encoding="utf-8")
        commands = [self.tools.lint(file), *self.tools.peers([file], slow=True), self.tools.bare_python()]
        compare("One small file", commands, self.rounds, folder)

    def memory(self) -> None:
        """Long histories; one run each, since memory hardly varies."""
        print(f"\nMemory: {FEW:,} and {MANY:,} small diesel migrations")
        few, many = (_history(self.folder / f"history-{count}", count) for count in (FEW, MANY))
        bare = sample(self.tools.bare_python(), self.folder)
        small = sample(self.tools.lint(few, name="few"), few)
        large = sample(self.tools.lint(many, name="many"), many)
        print(f"  peak at {MANY:,} files: {large.memory / 1024:.0f} MiB, {large.memory / bare.memory:.1f}× bare Python")
        print(f"  {MANY:,} files take {large.memory / small.memory:.2f}× the memory of {FEW:,}", end="")
        print(f" and {large.cpu / small.cpu:.2f}× the CPU time ({MANY / FEW:.0f}× the files)")
        print(f"  each further file adds {(large.memory - small.memory) / (MANY - FEW):.1f} KiB")

    def compiled(self) -> None:
        """The same version of migsafe, with and without sqlglot's compiled modules."""
        if self.tools.plain is None:
            print("\nWith sqlglotc against without: not run, see --without-sqlglotc")
            return
        commands = [
            self.tools.lint(*self.files, name="with sqlglotc"),
            Command("without sqlglotc", (self.tools.plain, "lint", *map(str, self.files))),
        ]
        compare("With sqlglotc against without, on the project", commands, self.rounds, self.folder)

    def start(self) -> None:
        """Commands that read no SQL."""
        migsafe = self.tools.migsafe
        commands = [
            Command("migsafe --help", (migsafe, "--help")),
            Command("migsafe rules", (migsafe, "rules")),
            Command("migsafe lint --nope (wrong usage)", (migsafe, "lint", "--nope"), exits=(2,)),
        ]
        compare("Start-up", [*commands, self.tools.bare_python()], self.rounds, self.folder)
        for command in commands:
            heavy = _heavy_imports((self.tools.python, "-X", "importtime", "-m", "migsafe", *command.words[1:]))
            print(f"  {command.name:34}  imports {', '.join(heavy) or 'none of ' + ', '.join(NOT_FOR_CHEAP_COMMANDS)}")


def _history(folder: Path, count: int) -> Path:
    """A diesel project of `count` distinct migrations: mostly new columns, now and then a table or an index."""
    (folder / "migrations").mkdir(parents=True)
    (folder / "diesel.toml").write_text("", encoding="utf-8")
    for number in range(count):
        migration = folder / "migrations" / f"{20_000_101_000_000 + number}_step_{number}"
        migration.mkdir()
        (migration / "up.sql").write_text(_step(number), encoding="utf-8")
        (migration / "down.sql").write_text("SELECT 1;\n", encoding="utf-8")
    return folder


def _step(number: int) -> str:
    table = f"account_{number // 20}"
    match number % 20:
        case 0:
            return f"CREATE TABLE {table} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);\n"
        case 10:
            return f"CREATE INDEX {table}_{number}_idx ON {table} (field_{number - 1});\n"
        case _:
            return f"ALTER TABLE {table} ADD COLUMN field_{number} text;\n"


def _heavy_imports(words: Sequence[str]) -> list[str]:
    """Libraries that a cheap command must not load, of those that it does load."""
    told = subprocess.run(words, capture_output=True, text=True, check=False).stderr
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in told.splitlines() if "|" in line}
    return [name for name in NOT_FOR_CHEAP_COMMANDS if name in loaded]


CASES: dict[str, Callable[[Bench], None]] = {
    "project": Bench.project,
    "subset": Bench.subset,
    "small": Bench.small,
    "memory": Bench.memory,
    "compiled": Bench.compiled,
    "start": Bench.start,
}


def upward_files(corpus: Path) -> tuple[Path, ...]:
    """The `up.sql` below a folder; where there are none, every SQL file."""
    return tuple(sorted(corpus.rglob("up.sql")) or sorted(corpus.rglob("*.sql")))


def main() -> int:
    """Run the cases; returns the exit code."""
    options = _options().parse_args()
    migsafe = program(options.migsafe, "migsafe")
    if migsafe is None:
        print("migsafe is not installed beside this interpreter nor on PATH: --migsafe names it", file=sys.stderr)
        return 2
    tools = Tools(migsafe, *_others(options))
    files = upward_files(options.corpus)
    if not files:
        print(f"no SQL files in {options.corpus}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="migsafe-bench-") as folder:
        bench = Bench(tools, options.corpus, files, options.rounds, Path(folder))
        for name in options.only:
            CASES[name](bench)
    return 0


def _others(options: argparse.Namespace) -> Iterator[str | None]:
    """What migsafe is held against, saying what is missing."""
    for given, program, label in (
        (options.without_sqlglotc, "", "migsafe without sqlglotc"),
        (options.squawk, "squawk", "squawk"),
        (options.sqlfluff, "sqlfluff", "sqlfluff"),
    ):
        found = program(given, program)
        if found is None:
            print(f"not installed, left out: {label}")
        yield found


def program(given: str | None, name: str) -> str | None:
    """The full path of a program: as given, else beside this interpreter, else on PATH."""
    if given is not None or not name:
        found = shutil.which(given) if given else None
    else:
        found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    return os.path.abspath(found) if found else None


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Speed and memory of the linter beside its peers.")
    default = next((corpus for corpus in CORPORA if corpus.is_dir()), CORPORA[-1])
    parser.add_argument("--corpus", type=lambda word: Path(word).resolve(), default=default, metavar="DIR")
    parser.add_argument("--rounds", type=_positive, default=5, help="measured rounds after the warm-up (default: 5)")
    parser.add_argument("--only", type=_cases, default=tuple(CASES), metavar="CASES", help=", ".join(CASES))
    parser.add_argument("--migsafe", metavar="PROGRAM", help="the migsafe that is measured")
    parser.add_argument("--without-sqlglotc", metavar="PROGRAM", help="a migsafe installed without sqlglotc")
    parser.add_argument("--squawk", metavar="PROGRAM")
    parser.add_argument("--sqlfluff", metavar="PROGRAM")
    return parser


def _positive(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return int(word)


def _cases(words: str) -> tuple[str, ...]:
    names = tuple(words.split(","))
    for name in names:
        if name not in CASES:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(CASES)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
