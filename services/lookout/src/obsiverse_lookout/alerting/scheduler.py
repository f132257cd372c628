"""Evaluates alert rules, each group at its interval."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import structlog

from obsiverse_lookout.alerting.rule import Rule
from obsiverse_lookout.alerting.rules import AlertRules
from obsiverse_lookout.alerting.state import Outcome, RuleState, outcomes_of
from obsiverse_lookout.data_sources import DataSources
from obsiverse_lookout.expressions.values import ExpressionError, Scalar, of_frames
from obsiverse_lookout.folders import Folders
from obsiverse_lookout.query.request import QueryError
from obsiverse_lookout.query.runner import Asked, Runner, read, results_json
from obsiverse_lookout.query.time_range import TimeRange

TICK_SECONDS = 1.0
AT_ONCE = 4
log = structlog.get_logger(__name__)


class Scheduler:
    """The states of all rules, brought up to date between start and close; they live as long as the process."""

    def __init__(
        self,
        rules: AlertRules,
        folders: Folders,
        data_sources: DataSources,
        runner: Runner,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._rules = rules
        self._folders = folders
        self._data_sources = data_sources
        self._runner = runner
        self._clock = clock
        self._states: dict[tuple[int, str], RuleState] = {}
        self._due: dict[tuple[int, str], float] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._task: asyncio.Task[None] | None = None

    def state(self, rule: Rule) -> RuleState:
        """A rule's state; that of one never evaluated is empty."""
        known = self._states.get((rule.org_id, rule.uid))
        return known if known and known.version == _version(rule) else RuleState(_version(rule))

    def start(self) -> None:
        """Begin to evaluate."""
        self._task = asyncio.create_task(self._loop())

    async def close(self) -> None:
        """Stop; an evaluation under way is given up, for its source may take its time."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _loop(self) -> None:
        while True:
            try:
                await self.tick()
            except Exception:
                # The rules that come after must not die of it.
                log.exception("evaluating alert rules failed")
            await asyncio.sleep(TICK_SECONDS)

    async def tick(self) -> None:
        """Evaluate what is due."""
        rules = await asyncio.to_thread(self._rules.all)
        now = self._clock()
        keys = {(rule.org_id, rule.uid) for rule in rules}
        self._states = {key: state for key, state in self._states.items() if key in keys}
        self._due = {key: at for key, at in self._due.items() if key in keys}
        due = [rule for rule in rules if self._is_due(rule, now)]
        await asyncio.gather(*(self._evaluate(rule) for rule in due))

    def _is_due(self, rule: Rule, now: float) -> bool:
        key = (rule.org_id, rule.uid)
        if rule.model["isPaused"]:
            self._states.pop(key, None)
            return False
        known = self._states.get(key)
        if known is not None and known.version == _version(rule) and self._due.get(key, 0) > now:
            return False
        # Rules of one interval go at the same moments, whenever each was made.
        self._due[key] = (now // rule.interval + 1) * rule.interval
        return True

    async def _evaluate(self, rule: Rule) -> None:
        async with self._turns:
            now, began = self._clock(), time.monotonic()
            state = self.state(rule)
            folder = await asyncio.to_thread(self._folders.find, rule.org_id, rule.folder_uid)
            outcomes: Sequence[Outcome] = []
            error = ""
            try:
                outcomes = await self._outcomes(rule, now)
            except (QueryError, ExpressionError) as problem:
                error = str(problem)
            state.update(rule, folder["title"] if folder else "", outcomes, now, error)
            state.took = time.monotonic() - began
            self._states[(rule.org_id, rule.uid)] = state

    async def _outcomes(self, rule: Rule, now: float) -> list[Outcome]:
        asked: dict[str, Asked] = {}
        for query in rule.model["data"]:
            span = query["relativeTimeRange"]
            over = TimeRange(round((now - span["from"]) * 1000), round((now - span["to"]) * 1000))
            model = {"intervalMs": 1000, "maxDataPoints": 43200, **query["model"], "refId": query["refId"]}
            # Alerts have no use for what only a panel shows.
            model |= {"exemplar": False, "format": "time_series", "datasource": {"uid": query["datasourceUid"]}}
            if query["queryType"]:
                model.setdefault("queryType", query["queryType"])
            asked[query["refId"]] = await asyncio.to_thread(
                read, self._data_sources, rule.org_id, query["refId"], model, over
            )
        results = await self._runner.run(asked)
        condition = rule.model["condition"]
        # Where the condition fails because its query did, the query tells why.
        for ref_id in (*(ref for ref, one in asked.items() if one.source), condition):
            if isinstance(failed := results[ref_id], QueryError):
                raise QueryError(failed.status, f"query {ref_id}: {failed}")
        numbers: dict[str, list[Scalar]] = {}
        for ref_id in asked:
            values = of_frames(results_json(results[ref_id])) if ref_id == condition or not asked[ref_id].source else []
            numbers[ref_id] = [value for value in values if isinstance(value, Scalar)]
            if ref_id == condition and len(numbers[ref_id]) < len(values):
                raise ExpressionError(f"the condition {condition} is a series over time; reduce it to a number")
        return outcomes_of(condition, numbers)


def _version(rule: Rule) -> str:
    return f"{rule.id}/{rule.updated}/{rule.interval}"
