"""What follows what. Sensors never open the live warehouse: they read what runs have said of themselves."""

from collections.abc import Iterator

import dagster as dg

from assets.readiness.assets import DUE, DUE_QUARTER
from pipelines.jobs import Jobs
from warehouse import period as quarter

COMMAND = "kesiapan/command"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


def due_periods(instance: dg.DagsterInstance) -> list[str]:
    """What the newest materialisation of `readiness/due_quarter` says is due."""
    event = instance.get_latest_materialization_event(DUE_QUARTER)
    materialization = event.asset_materialization if event is not None else None
    if materialization is None:
        return []
    value = materialization.metadata[DUE].value
    return [str(period) for period in value] if isinstance(value, list) else []


def range_tags(first: str, last: str) -> dict[str, str]:
    """Run tags for a contiguous stretch of quarters in one run."""
    return {RANGE_START: quarter.first_day(first).isoformat(), RANGE_END: quarter.first_day(last).isoformat()}


def build_sensors(jobs: Jobs) -> list[dg.SensorDefinition]:
    @dg.run_status_sensor(
        name="due_quarters",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[jobs["ingest"], jobs["inbox"]],
        request_jobs=[jobs["readiness"], jobs["publish"]],
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="After an ingest, releases the quarters that became due, one run per contiguous stretch; with none due, brings the published file up.",
    )
    def due_quarters(context: dg.RunStatusSensorContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        run = context.dagster_run
        if COMMAND in run.tags:
            yield dg.SkipReason("started by the command, which does the rest itself")
            return
        stretches = quarter.stretches(due_periods(context.instance))
        for first, last in stretches:
            yield dg.RunRequest(run_key=f"{run.run_id}-{first}", job_name="readiness", tags=range_tags(first, last))
        if not stretches:
            yield dg.RunRequest(run_key=f"{run.run_id}-publish", job_name="publish")

    return [due_quarters]
