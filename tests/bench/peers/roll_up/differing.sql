-- One row: how many service-days and outages of ours and of theirs are not the same: one of them lacks it, seconds are more than one apart, or anything else
-- differs (percentiles by more than 1e-9 of themselves).
with service_day as (
    select
        count(*) as rows,
        count(*) filter (
            where ours.service is null
            or theirs.service is null
            or abs(ours.up_s - theirs.up_s) > 1
            or abs(ours.down_s - theirs.down_s) > 1
            or abs(ours.unknown_s - theirs.unknown_s) > 1
            or ours.checks <> theirs.checks
            or ours.failed_checks <> theirs.failed_checks
            or (ours.latency_p50_ms is null) <> (theirs.latency_p50_ms is null)
            or abs(ours.latency_p50_ms - theirs.latency_p50_ms) > 1e-9 * ours.latency_p50_ms
            or abs(ours.latency_p95_ms - theirs.latency_p95_ms) > 1e-9 * ours.latency_p95_ms
            or abs(ours.latency_p99_ms - theirs.latency_p99_ms) > 1e-9 * ours.latency_p99_ms
        ) as differing
    from read_parquet($our_service_day) as ours
    full join (select * replace (day::date as day) from read_parquet($their_service_day)) as theirs using (service, day)
),

outage as (
    select
        count(*) as rows,
        count(*) filter (
            where ours.service is null
            or theirs.service is null
            or ours.ended_at is distinct from theirs.ended_at
            or abs(ours.duration_s - theirs.duration_s) > 1
            or ours.failed_checks <> theirs.failed_checks
        ) as differing
    from read_parquet($our_outage) as ours
    full join read_parquet($their_outage) as theirs using (service, started_at)
)

select
    service_day.rows as service_days,
    service_day.differing as service_days_differing,
    outage.rows as outages,
    outage.differing as outages_differing
from service_day, outage;
