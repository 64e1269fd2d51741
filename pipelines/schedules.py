"""When things run by themselves."""

import dagster as dg

from pipelines.jobs import Jobs

ZONE = "Asia/Makassar"


def build_schedules(jobs: Jobs, quarters: dg.TimeWindowPartitionsDefinition) -> list[dg.ScheduleDefinition]:
    """Every night the feeds (what became due follows by sensor); on the fifth day after a quarter, the cut-off, all of that quarter."""

    @dg.schedule(
        name="refresh_quarterly",
        job=jobs["refresh"],
        cron_schedule="0 3 5 1,4,7,10 *",
        execution_timezone=ZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="The quarter that ended: feeds, service levels, data quality, indices, published file. Input that comes later goes to the next release.",
    )
    def refresh_quarterly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        ended = quarters.get_partition_keys(current_time=context.scheduled_execution_time)[-2]  # the last one is the running quarter
        return dg.RunRequest(run_key=ended, partition_key=ended)

    nightly = dg.ScheduleDefinition(
        name="ingest_nightly",
        job=jobs["ingest"],
        cron_schedule="0 1 * * *",
        execution_timezone=ZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Every feed, every night.",
    )
    return [nightly, refresh_quarterly]
