"""What follows what: runs upon files that arrive in the inbox, quarters upon runs. Sensors never open the live warehouse: they look at the inbox, and at
what runs have said of themselves."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from assets.arrival import recorded
from assets.readiness.assets import DUE, DUE_QUARTER, UNSCORED
from assets.submissions import submission
from expectations.intake import unjudged
from pipelines import settings
from pipelines.jobs import Jobs
from pipelines.runs import IN_PROGRESS
from pipelines.words import first_of
from warehouse import period as quarter
from warehouse.archive import Archive
from warehouse.home import Home

COMMAND = "kesiapan/command"
INBOX = "kesiapan/inbox"  # tag of a run: hash of the files it was asked to take in
INBOX_EVERY_S = 15
LONGEST_PAUSE = timedelta(hours=1)
NAMES_SHOWN = 10
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


def due_periods(instance: dg.DagsterInstance) -> list[str]:
    """What the newest materialisation of `readiness/due_quarter` says is due."""
    return _periods(instance, DUE)


def unscored_periods(instance: dg.DagsterInstance) -> list[str]:
    """What it says is due for data quality alone."""
    return _periods(instance, UNSCORED)


def _periods(instance: dg.DagsterInstance, said: str) -> list[str]:
    event = instance.get_latest_materialization_event(DUE_QUARTER)
    materialization = event.asset_materialization if event is not None else None
    if materialization is None or said not in materialization.metadata:
        return []
    value = materialization.metadata[said].value
    return [str(period) for period in value] if isinstance(value, list) else []


def range_tags(first: str, last: str) -> dict[str, str]:
    """Run tags for a contiguous stretch of quarters in one run."""
    return {RANGE_START: quarter.first_day(first).isoformat(), RANGE_END: quarter.first_day(last).isoformat()}


def _states(lying: Sequence[Path]) -> dict[str, list[int]]:
    """Size and time of change by name: a file or folder is whole, and not still being copied, when they are what they were a look before."""
    states = {}
    for path in lying:
        with suppress(FileNotFoundError):
            stats = [inside.lstat() for inside in (path, *(path.rglob("*") if path.is_dir() else ()))]
            states[path.name] = [len(stats), sum(stat.st_size for stat in stats), max(stat.st_mtime_ns for stat in stats)]
    return states


def _hash_of(lying: Sequence[Path], states: Mapping[str, list[int]]) -> str:
    """Of names and contents; of a folder, of its state."""
    whole = hashlib.sha256()
    for path in lying:
        whole.update(path.name.encode() + b"\0")
        if path.is_dir():
            whole.update(repr(states[path.name]).encode())
        else:
            with path.open("rb") as content:
                whole.update(hashlib.file_digest(content, "sha256").digest())
    return whole.hexdigest()


def attempts(instance: dg.DagsterInstance, content: str) -> tuple[int, datetime]:
    """How many runs were asked to take in these files, and when the next is due: after one minute, two, four, at most an hour."""
    records = instance.get_run_records(dg.RunsFilter(tags={INBOX: content}))
    if not records:
        return 0, datetime.min.replace(tzinfo=UTC)
    pause = min(timedelta(minutes=2 ** min(len(records) - 1, 10)), LONGEST_PAUSE)
    return len(records), max(record.update_timestamp for record in records).replace(tzinfo=UTC) + pause


def _names(lying: Sequence[Path]) -> str:
    return first_of([path.name for path in lying], NAMES_SHOWN)


def build_sensors(jobs: Jobs, home: Home, clock: Callable[[], datetime]) -> list[dg.SensorDefinition]:
    reader = submission.READER_OF_MANY_SENDERS
    rules = f"{reader.parser_version}, {reader.suite.version}"

    @dg.sensor(
        name="inbox_arrivals",
        job=jobs["inbox"],
        minimum_interval_seconds=INBOX_EVERY_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Takes in what has stopped growing in the inbox folder: one run for all of it. What is not taken is named, with the reason. "
        "Judges what was sent before once more when the rules have changed.",
    )
    def inbox_arrivals(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        lying = recorded(home.inbox / "*")
        entries = (*lying.files, *lying.folders)
        states = _states(entries)
        before = json.loads(context.cursor) if context.cursor else {"files": {}, "rules": None}
        context.update_cursor(json.dumps({"files": states, "rules": rules}))
        if before["rules"] != rules and unjudged(Archive(home.archive), settings.INBOX, reader):
            return dg.RunRequest(run_key=f"rules {rules}")
        ready = [path for path in entries if path.name in states and states[path.name] == before["files"].get(path.name)]
        refused = "".join(f"; refused: {sentence}" for sentence in lying.refused)
        if not ready:
            growing = _names(entries)
            return dg.SkipReason((f"waiting until they have stopped growing: {growing}" if growing else "nothing to take in") + refused)
        if context.instance.get_runs_count(dg.RunsFilter(job_name="inbox", statuses=[*IN_PROGRESS, dg.DagsterRunStatus.QUEUED])):
            return dg.SkipReason(f"a run is at it; lying there: {_names(ready)}{refused}")
        content = _hash_of(ready, states)
        tried, due_at = attempts(context.instance, content)
        if clock() < due_at:
            tried_in_vain = f"{tried} runs have not taken in what lies there; the next attempt is due at {due_at:%H:%M:%S} UTC"
            return dg.SkipReason(f"{tried_in_vain}: {_names(ready)}{refused}")
        return dg.RunRequest(run_key=f"{content}-{tried}", tags={INBOX: content})

    @dg.run_status_sensor(
        name="due_quarters",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[jobs["ingest"], jobs["inbox"]],
        request_jobs=[jobs["readiness"], jobs["quality"], jobs["publish"]],
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="After an ingest, releases the quarters that became due and scores those with rows set aside, one run per contiguous stretch; with none "
        "due, brings the published file up.",
    )
    def due_quarters(context: dg.RunStatusSensorContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        run = context.dagster_run
        if COMMAND in run.tags:
            yield dg.SkipReason("started by the command, which does the rest itself")
            return
        due, unscored = quarter.stretches(due_periods(context.instance)), quarter.stretches(unscored_periods(context.instance))
        for first, last in due:
            yield dg.RunRequest(run_key=f"{run.run_id}-{first}", job_name="readiness", tags=range_tags(first, last))
        for first, last in unscored:
            yield dg.RunRequest(run_key=f"{run.run_id}-quality-{first}", job_name="quality", tags=range_tags(first, last))
        if not due and not unscored:
            yield dg.RunRequest(run_key=f"{run.run_id}-publish", job_name="publish")

    return [inbox_arrivals, due_quarters]
