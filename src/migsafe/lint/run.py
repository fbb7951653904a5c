"""The shell around the engine: paths → sources → reader → engine → report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from migsafe.catalogue.following import ReadScripts
from migsafe.catalogue.progress import Counter, Progress
from migsafe.catalogue.project import source_options
from migsafe.config import Config
from migsafe.config.nearest import did_you_mean
from migsafe.errors import ConfigurationError, NoMigrationsError, UsageError
from migsafe.evidence import read_evidence
from migsafe.lint.databases import Together
from migsafe.lint.deployment import Gathered, deploy_rules, gather, to_judge
from migsafe.lint.engine import Outcome, ReadMigration, Settings, lint
from migsafe.lint.phasing import set_in_time
from migsafe.lint.selection import asked_for, select_rules
from migsafe.lint.storytelling import Storyteller
from migsafe.model.dialect import ASSUMED_SERVER, Dialect, ServerVersion
from migsafe.model.evidence import LockEvidence
from migsafe.model.finding import Finding, order_of_reading
from migsafe.model.report import Database, Report, RuleDescriptor
from migsafe.model.script import (
    Direction,
    Migration,
    MigrationSet,
    Script,
    SourceText,
    TransactionRule,
    UnreadableFile,
)
from migsafe.phases.registry import PhaseRule
from migsafe.phases.rules import PHASE_RULES
from migsafe.rules import RULES, Rule
from migsafe.rules.context import Surroundings
from migsafe.rules.proofs import CHECKS
from migsafe.sources import LoadedLayout, SourceOptions, narrow, read_command, read_paths, read_stdin
from migsafe.sources.deploy_files.base import DeployFiles

_NO_FILES = DeployFiles()


def lint_paths(paths: Sequence[str | Path], config: Config, *, progress: Progress | None = None) -> Report:
    """Judge the migrations in files and folders; see `migsafe.api.lint_paths`."""
    if "" in paths:
        raise UsageError("a path is empty", hint="this folder is called .")
    scripts = ReadScripts()
    gathered = gather([Path(path) for path in paths], config)
    layouts = _layouts(gathered, _options(config, scripts))
    layouts = narrow(layouts, diff=config.diff)
    return _report(layouts, config, progress, scripts, gathered.files)


def _options(config: Config, scripts: ReadScripts | None = None) -> SourceOptions:
    """How migrations are read: for every database that was named."""
    options = source_options(config, scripts.read) if scripts is not None else source_options(config)
    return replace(options, dialects=config.dialects)


def _layouts(gathered: Gathered, options: SourceOptions) -> tuple[LoadedLayout, ...]:
    """The migrations; there need be none where only files of the deployment were asked for."""
    if gathered.named and not gathered.others:
        return ()
    try:
        return read_paths(gathered.others, options)
    except NoMigrationsError:
        if gathered.named:
            return ()
        raise


def lint_stdin(text: str, name: str, config: Config) -> Report:
    """Judge SQL, or rendered manifests, that came from elsewhere than a file; see `migsafe.api.lint_stdin`."""
    if name.endswith((".yaml", ".yml")):
        from migsafe.sources.deploy_files.reading import read_manifest_text

        return _report((), config, deployed=read_manifest_text(SourceText(name, text)))
    return _report((read_stdin(text, name, _options(config)),), config)


def lint_command(command: str, paths: Sequence[str | Path], config: Config) -> Report:
    """Judge the SQL that a program prints; see `migsafe.api.lint_command`."""
    return _report(read_command(command, [Path(path) for path in paths], _options(config)), config)


def lint_text(
    sql: str,
    *,
    name: str = "<text>",
    dialect: str = "postgres",
    server_version: int | None = None,
    in_transaction: bool = False,
    prior: Sequence[str] = (),
) -> Report:
    """Judge one text of SQL; see `migsafe.api.lint_text`.

    Raises:
        UsageError: when there is no such dialect.
    """
    family = _dialect(dialect)
    rule = TransactionRule.TOOL if in_transaction else TransactionRule.NONE
    earlier = (_text_migration(text, f"<prior {n}>", family, rule) for n, text in enumerate(prior, 1))
    migrations = (*earlier, _text_migration(sql, name, family, rule))
    layout = LoadedLayout(MigrationSet("plain", name, family, migrations), frozenset({name}))
    return _report((layout,), Config(dialect=family, server_version=server_version))


def _dialect(name: str) -> Dialect:
    try:
        return Dialect(name)
    except ValueError:
        raise UsageError(f'no dialect "{name}"', hint=did_you_mean(name, [d.value for d in Dialect])) from None


def _text_migration(text: str, name: str, dialect: Dialect, rule: TransactionRule) -> Migration:
    script = Script(Direction.UP, text, SourceText(name, text), rule, dialect)
    return Migration(id=name, path=name, up=script)


def _refuse_unknown_ignores(config: Config) -> None:
    """An ignore of a rule that there is not would never do what its author believes."""
    for ignore in config.reasoned_ignores:
        known = [*RULES, *PHASE_RULES, *CHECKS]
        if ignore.rule not in known:
            hint = did_you_mean(ignore.rule, known)
            raise ConfigurationError(f'ignore: no rule "{ignore.rule}"', hint=hint)


def _report(
    layouts: Sequence[LoadedLayout],
    config: Config,
    progress: Progress | None = None,
    scripts: ReadScripts | None = None,
    deployed: DeployFiles = _NO_FILES,
) -> Report:
    every: tuple[Rule | PhaseRule, ...] = (*RULES.values(), *PHASE_RULES.values())
    chosen = select_rules(every, config.select, config.extend_select, config.ignore)
    rules = [rule for rule in chosen if isinstance(rule, Rule)]
    phase_rules = frozenset(rule.name for rule in chosen if isinstance(rule, PhaseRule))
    _refuse_unknown_ignores(config)
    layouts = narrow(layouts, since=config.since)
    total = sum(len(layout.migrations.migrations) for layout in layouts)
    count = Counter(progress, total)
    scripts = scripts or ReadScripts()
    observed = read_evidence(config.evidence) if config.evidence is not None else None
    teller = Storyteller(config, layouts, observed)
    judged = []
    for layout in layouts:
        outcome = lint(
            read_migrations(layout, count, scripts), rules, settings_of(layout, config, observed, phase_rules)
        )
        judged.append(set_in_time(outcome, teller.story(layout, outcome), phase_rules))
    deployment = _judge_deployment(deployed, rules, config)
    together = Together(layouts, config.dialects)
    findings = sorted([*together.findings(one.findings for one in judged), *deployment.findings], key=order_of_reading)
    always = asked_for(every, config.select, config.extend_select)
    shown = tuple(f for f in findings if f.rule in always or f.severity.weight >= config.shown_from.weight)
    cleared = tuple(
        sorted(
            (
                f
                for f in together.findings(one.cleared for one in judged)
                if f.severity.weight >= config.shown_from.weight
            ),
            key=order_of_reading,
        )
    )
    dialect = _common_dialect(layouts, config)
    return Report(
        dialect=dialect,
        server=_server(config, dialect),
        databases=_databases(layouts, config),
        findings=shown,
        rules=_described(every, (*shown, *cleared)),
        linted=together.linted() + len(deployed.files),
        context=together.context(),
        migrations=together.migrations(one.outcome for one in judged),
        deploy_files=len(deployed.files),
        suppressed=len(together.findings(one.outcome.ignored for one in judged)) + deployment.suppressed,
        cleared=len(cleared),
        cleared_findings=cleared if config.show_cleared else (),
        hidden=len(findings) - len(shown),
        sources={**_texts(layouts, (*shown, *cleared)), **_deploy_texts(deployed, shown)},
    )


def _databases(layouts: Sequence[LoadedLayout], config: Config) -> tuple[Database, ...]:
    """Of several databases that were named, those that there are migrations for; none where only one was named."""
    there = {layout.migrations.dialect for layout in layouts} if config.other_dialects else ()
    return tuple(Database(one, _server(config, one)) for one in config.dialects if one in there)


def _judge_deployment(deployed: DeployFiles, rules: Iterable[Rule], config: Config) -> Outcome:
    """What the files of the deployment say, judged as a layout of their own; phases have no part in it."""
    if not (deployed.files or deployed.unreadable):
        return Outcome()
    unread = ((file, _empty_script(file, Dialect.POSTGRES)) for file in deployed.unreadable)
    outcome = lint(
        (*to_judge(deployed.files), *unread), deploy_rules(rules, config), _settings(config, Dialect.POSTGRES)
    )
    outcome.findings.extend(outcome.close(()))
    return outcome


def _deploy_texts(deployed: DeployFiles, findings: Sequence[Finding]) -> dict[str, str]:
    wanted = {finding.path for finding in findings}
    return {file.source.path: file.source.text for file in deployed.files if file.source.path in wanted}


def _described(every: Iterable[Rule | PhaseRule], findings: Sequence[Finding]) -> dict[str, RuleDescriptor]:
    """The words of every rule that is named, also as evidence."""
    named = {name for one in findings for name in (one.rule, *(item.rule for item in one.evidence))}
    return {rule.name: rule.descriptor for rule in sorted(every, key=lambda rule: rule.name) if rule.name in named}


def read_migrations(
    layout: LoadedLayout, count: Counter, scripts: ReadScripts
) -> Iterator[ReadMigration | tuple[UnreadableFile, Script]]:
    """The layout's migrations, each read when it is asked for and forgotten after."""
    for file in layout.migrations.unreadable:
        if file.path in layout.selected:
            yield file, _empty_script(file, layout.migrations.dialect)
    for migration in layout.migrations.migrations:
        up, down = migration.up, migration.down
        down_reported = down is not None and down.path in layout.selected
        yield ReadMigration(
            migration,
            up=scripts.take(up) if up is not None else None,
            down=scripts.take(down) if down is not None and down_reported else None,
            up_reported=up is not None and up.path in layout.selected,
            down_reported=down_reported,
        )
        count.next()


def _empty_script(file: UnreadableFile, dialect: Dialect) -> Script:
    return Script(Direction.UP, "", SourceText(file.path, ""), TransactionRule.NONE, dialect)


def settings_of(
    layout: LoadedLayout,
    config: Config,
    observed: LockEvidence | None = None,
    phase_rules: frozenset[str] = frozenset(),
) -> Settings:
    """What a run over a layout depends on, besides the migrations and the rules.

    Args:
        observed: what was seen on a server.
        phase_rules: names of the rules about phases that run.
    """
    dialect = layout.migrations.dialect
    return replace(
        _settings(config, dialect),
        tool=layout.migrations.tool,
        dialect=dialect,
        observed=observed,
        phase_rules=phase_rules,
    )


def _settings(config: Config, dialect: Dialect) -> Settings:
    """What a run depends on, whatever is judged."""
    return Settings(
        server=_server(config, dialect),
        surroundings=Surroundings(
            runner_sets=dict(_setting(text) for text in config.runner_sets),
            max_lock_timeout_ms=config.max_lock_timeout,
        ),
        directions=config.direction,
        ignores=config.reasoned_ignores,
        today=date.today(),
    )


def _setting(text: str) -> tuple[str, str | None]:
    name, _, value = text.partition("=")
    return name.strip().lower(), value.strip() or None


def _server(config: Config, dialect: Dialect) -> ServerVersion:
    major = config.server_of(dialect)
    return ASSUMED_SERVER if major is None else ServerVersion(major, "given")


def _common_dialect(layouts: Sequence[LoadedLayout], config: Config) -> Dialect:
    return layouts[0].migrations.dialect if layouts else config.dialect or Dialect.POSTGRES


def _texts(layouts: Iterable[LoadedLayout], findings: Sequence[Finding]) -> dict[str, str]:
    wanted = {finding.path for finding in findings}
    scripts = (
        script for layout in layouts for migration in layout.migrations.migrations for script in migration.scripts
    )
    return {script.path: script.source.text for script in scripts if script.path in wanted}
