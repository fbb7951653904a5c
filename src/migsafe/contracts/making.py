"""Makes a contract plan: reads the project, the tracker's knowledge and the database, and puts them together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migsafe.contracts import live_gates, phase_gates
from migsafe.contracts.around import Around, sought_for
from migsafe.contracts.checking import Checker
from migsafe.contracts.drafts import Draft, current_part
from migsafe.contracts.errors import NothingDueError
from migsafe.contracts.foresight import Foresight
from migsafe.contracts.project import ProjectContract, read_contract
from migsafe.contracts.stepping import hold_days, hold_of, is_over, own_views, runs_of, step_of
from migsafe.contracts.values import ContractPlan, ContractStep, Gate, Hold, Thresholds
from migsafe.errors import EnvironmentFailedError
from migsafe.model.dialect import ServerVersion
from migsafe.model.phase import Part, Phase
from migsafe.postgres.address import spell_database
from migsafe.postgres.catalogue import read_catalogue
from migsafe.postgres.live import glance, open_live, read_live
from migsafe.postgres.radius import read_radius
from migsafe.preflight.case import Case
from migsafe.preflight.checks import judge
from migsafe.preflight.touched import predict_touched
from migsafe.tracker.identity import same_database

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from migsafe.config import Config
    from migsafe.contracts.taking import Taken
    from migsafe.model.catalogue import Catalogue
    from migsafe.model.state import Check, StateDocument, TargetName
    from migsafe.phases.story import Story
    from migsafe.postgres.connection import Session
    from migsafe.postgres.live_rows import Live
    from migsafe.preflight.report import Reason
    from migsafe.preflight.touched import Touched
    from migsafe.tracker.deployments import Deployment


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody asks for.

    Attributes:
        where: the database by the tracker's name for it.
        state: what the tracker knows.
        replicas: addresses of standbys, ready to connect to.
        subscribers_ready: subscribers of logical replication have the changes already.
        rollout: the one of migsafe's own coordinator that is open there; None where none is.
    """

    change: str
    where: TargetName
    state: StateDocument
    now: datetime
    author: str = ""
    replicas: Sequence[str] = field(default=())
    subscribers_ready: bool = False
    rollout: Deployment | None = None


@dataclass(frozen=True)
class Made:
    """A plan, and what it was made of, for whoever writes its migrations.

    Attributes:
        verifications: what was found by checks of the change that were made for it.
    """

    plan: ContractPlan
    contract: ProjectContract
    verifications: tuple[Check, ...] = ()


def make_plan(config: Config, asked: Asked, session: Session) -> Made:
    """Make the plan of the half of a contract that is due on a database; nothing is written anywhere.

    Args:
        session: on that database, with no transaction open.

    Raises:
        UsageError: when nobody knows the change, or it has no contract.
        NothingDueError: when the contract is over on that database.
        StatementFailedError: when the server refuses a query.
    """
    contract = read_contract(config, asked.change)
    runs = runs_of(contract.drafts, asked.state, asked.where)
    part = current_part(contract.drafts, [is_over(run) for run in runs])
    if not part:
        raise NothingDueError(f"the contract of {asked.change} is over on {asked.where}")
    making = _Making(config, asked, contract, part, session)
    return Made(making.plan(), contract, making.verifications)


class _Making:
    """One plan in the making."""

    def __init__(
        self, config: Config, asked: Asked, contract: ProjectContract, part: Sequence[Draft], session: Session
    ) -> None:
        self._config = config
        self._asked = asked
        self._contract = contract
        self._part = part
        self._session = session
        self._over = {at for at, run in enumerate(runs_of(part, asked.state, asked.where)) if is_over(run)}
        self._removed: set[str] = set()
        self.verifications: tuple[Check, ...] = ()
        self._thresholds = Thresholds(
            min_age=round(config.release.min_age.total_seconds()), min_releases=config.release.min_releases
        )

    def plan(self) -> ContractPlan:
        with glance(self._session):
            catalogue = read_catalogue(self._session)
            taken = self._taken(catalogue.fork())
            around = Around(taken, read_radius(self._session, sought_for(taken)), self._over)
            touched = self._touched(catalogue.fork())
            live = read_live(self._session, touched.modes, schemas=touched.makes_in)
        steps = self._steps(catalogue, around)
        checked = self._checker().check(steps)
        self.verifications = checked.verifications
        hold = hold_of(steps, self._contract.drafts, self._asked.state, self._asked.where)
        bare = self._bare(steps, around, hold)
        floor = phase_gates.floor_of(self._contract.story, self._contract.change)
        phase, usage = self._from_phases(bare, hold)
        gates = (
            *phase,
            *self._from_tracker(bare, floor),
            *self._from_database(bare, around, taken, live, touched, floor),
            *checked.gates,
        )
        labels = [one.label for one in bare.objects]
        statistics = phase_gates.statistics_gates(self._asked.state, labels, self._asked.where)
        return replace(bare, gates=gates, usage=(*usage, *statistics), floor=floor)

    def _bare(self, steps: tuple[ContractStep, ...], around: Around, hold: Hold | None) -> ContractPlan:
        """The plan before it is held against anything."""
        return ContractPlan(
            change=self._asked.change,
            where=self._asked.where,
            database=around.rows.database,
            identity=around.rows.identity,
            part=self._part[0].part,
            kind=self._kind(),
            objects=tuple(around.objects.values()),
            steps=steps,
            thresholds=self._thresholds,
            radius=around.radius(),
            hold=hold,
            follows=self._follows(),
            facts=around.facts(),
            surroundings=dict(around.rows.surroundings),
            author=self._asked.author,
            made_at=self._asked.now,
        )

    # -- what is to be done

    def _taken(self, catalogue: Catalogue) -> tuple[Taken, ...]:
        foresight = self._foresight(catalogue)
        for draft in self._part:
            foresight.walk(draft)
        return foresight.taking.going

    def _steps(self, catalogue: Catalogue, around: Around) -> tuple[ContractStep, ...]:
        foresight = self._foresight(catalogue)
        foresight.sizes = around.sizes()
        runs = runs_of(self._part, self._asked.state, self._asked.where)
        steps = tuple(step_of(draft, foresight, run) for draft, run in zip(self._part, runs, strict=True))
        self._removed = {*foresight.taking.removed, *own_views(self._part)}
        return steps

    def _foresight(self, catalogue: Catalogue) -> Foresight:
        return Foresight(catalogue, ServerVersion(self._session.server_version // 10_000, "given"))

    def _touched(self, catalogue: Catalogue) -> Touched:
        migrations = [(draft.migration, draft.read) for draft in self._part]
        return predict_touched(migrations, catalogue, ServerVersion(self._session.server_version // 10_000, "given"))

    def _kind(self) -> str | None:
        change = self._contract.change
        if self._contract.plan is not None:
            return self._contract.plan.kind.value
        return change.kind.value if change is not None and change.kind is not None else None

    def _follows(self) -> str | None:
        """What comes after this half."""
        rest = [draft for draft in self._contract.drafts if draft.part is not self._part[0].part]
        purge = [draft for draft in rest if draft.part is Part.PURGE]
        if self._part[0].part is not Part.QUARANTINE or not purge:
            return None
        days = max(hold_days(draft) for draft in purge)
        return f"the purge, {days} days later at the earliest, by a plan of its own"

    # -- what it is held against

    def _checker(self) -> Checker:
        """Checks that end a migrate step, or that somebody has recorded, say whether the data was carried over."""
        plan, change = self._contract.plan, self._asked.change
        planned = [] if plan is None else [check for step in plan.of_phase(Phase.MIGRATE) for check in step.verify]
        recorded = [one.name for one in self._asked.state.checks if one.change == change]
        verifying = {*(check.name for check in planned), *recorded}
        return Checker(self._session, change, self._asked.where, self._asked.now, verifying)

    def _story(self) -> Story:
        """What is known, as far as it is about this database and the code that runs on it."""
        story = self._contract.story
        state = phase_gates.narrowed(self._asked.state, self._asked.where)
        state = replace(state, checks=(*state.checks, *self.verifications))
        return replace(story, state=state, now=self._asked.now, settings=replace(story.settings, stage="deploy"))

    def _verified_at(self, hold: Hold | None) -> datetime:
        """Old and new were kept in step until the quarantine, and are not any more."""
        is_purge = self._part[0].part is Part.PURGE
        return hold.since if is_purge and hold is not None and hold.since is not None else self._asked.now

    def _from_phases(self, plan: ContractPlan, hold: Hold | None) -> tuple[tuple[Gate, ...], tuple[Gate, ...]]:
        """What the rules about phases say, and who uses it."""
        chapters = self._contract.chapters(self._part)
        found, usage = phase_gates.phase_gates(
            self._story(), chapters, self._contract.change, verified_at=self._verified_at(hold)
        )
        if plan.has_begun:
            return tuple(phase_gates.as_begun(found)), usage
        if plan.part is Part.PURGE and hold is not None:
            return tuple(phase_gates.as_quarantined(found)), usage
        return found, usage

    def _from_tracker(self, plan: ContractPlan, floor: str | None) -> Iterator[Gate]:
        asked, history = self._asked, self._contract.story.releases
        environment = asked.state.environment(asked.where.environment)
        if not self._contract.story.told:
            text = "no release of this project is known: git tags, or a manifest"
            yield Gate("releases", "unknown", text, "releases")
        yield from phase_gates.expanded(self._contract.change, asked.state, asked.where)
        yield phase_gates.obligation(asked.change, asked.state)
        yield from phase_gates.rollout_gates(environment, history, floor, asked.where.environment, asked.rollout)
        yield from phase_gates.quiet_gate(environment, history, floor, asked.now, self._thresholds)
        yield from live_gates.hold_gate(plan.hold, plan.part, asked.now, loses_data=plan.loses_data)
        yield from live_gates.backup_gate(
            asked.change, asked.state, asked.where, asked.now, self._thresholds, needed=plan.loses_data
        )

    def _from_database(
        self, plan: ContractPlan, around: Around, taken: Sequence[Taken], live: Live, touched: Touched,
        floor: str | None,
    ) -> Iterator[Gate]:  # fmt: skip
        rows, objects, removed = around.rows, around.objects, self._removed
        target = self._asked.state.target(self._asked.where)
        if target is not None and target.identity and not same_database(target.identity, plan.identity):
            text = f"{self._asked.where} is known as {target.identity}, and this is {plan.identity}"
            yield Gate("identity", "fail", text, "database", plan.database)
        wanted = {at: _label(one) for at, one in enumerate(taken) if one.dropped_by not in self._over}
        yield from live_gates.there(objects, wanted)
        dropped = any(one.dropped for one in taken)
        yield from live_gates.dependents(rows, objects, removed, dropped=dropped)
        yield from live_gates.bodies(rows, objects, removed)
        yield from live_gates.vanishing(rows, objects, dropped=dropped)
        ready = self._asked.subscribers_ready
        yield from live_gates.from_preflight(self._reasons(live, touched), subscribers_ready=ready)
        yield from live_gates.sessions(self._nodes(live), self._contract.story.releases, floor)
        statements = [(step, statement) for step in plan.steps for statement in step.statements]
        for number, (step, statement) in enumerate(statements, 1):
            if statement.opaque and not step.planned:
                text = f"statement {number} runs code that only a run could tell of"
                yield Gate("opaque-code", "acknowledge", text, "migrations", str(number))

    def _reasons(self, live: Live, touched: Touched) -> tuple[Reason, ...]:
        case = Case(live=live, now=self._asked.now, touched=touched, subscribers_ready=self._asked.subscribers_ready)
        return tuple(judge(case))

    def _nodes(self, live: Live) -> list[tuple[str, Live | None]]:
        """The server and its replicas; one that is away is not silently left out."""
        replicas = [(spell_database(dsn), _look(dsn)) for dsn in self._asked.replicas]
        return [(spell_database(self._session.dsn), live), *replicas]


def _look(dsn: str) -> Live | None:
    try:
        with open_live(dsn) as session, glance(session):
            return read_live(session, ())
    except EnvironmentFailedError:
        return None


def _label(one: Taken) -> str:
    table = str(one.table).removeprefix("public.")
    return table if one.column is None else f"{table}.{one.column}"
