-- What the pass over the checks has found takes the place of what was known of these days. A day that stands as it is in a file has its runs in
-- meta.lake_run, under the name that the file has for the service.
delete from uptime.check_day
using (select distinct service_id, day from segment_name) as counted
where check_day.feed_id = $feed_id and check_day.service_id = counted.service_id and check_day.day = counted.day;

delete from uptime.check_run
using (select distinct service_id, day from segment_name) as counted
where check_run.feed_id = $feed_id and check_run.service_id = counted.service_id and check_run.day = counted.day;

insert into uptime.check_run by name
select
    $feed_id as feed_id,
    segment_name.service_id,
    segment_name.vantage,
    segment_name.day,
    segment_name.time_class,
    run_seen.status,
    make_timestamptz(run_seen.first_us) as first_at,
    make_timestamptz(run_seen.last_us) as last_at,
    run_seen.checks,
    segment_name.until_at as cut_at
from run_seen
inner join segment_name using (segment_id)
order by segment_name.day, segment_name.service_id, segment_name.vantage, run_seen.first_us;

insert into uptime.check_day by name
with day_name as (
    select distinct day_id, service_id, day from segment_name
),

known as (
    select distinct day_id, service, file_day from segment where not is_passed
),

counted as (
    select
        day_name.day_id,
        null as service,
        sum(check_run.checks) as checks,
        sum(check_run.checks) filter (where check_run.status = 'down') as failed_checks
    from uptime.check_run as check_run
    inner join day_name using (service_id, day)
    where check_run.feed_id = $feed_id
    group by day_name.day_id
    union all
    select
        known.day_id,
        known.service,
        sum(lake_run.checks) as checks,
        sum(lake_run.checks) filter (where lake_run.status = 'down') as failed_checks
    from meta.lake_run as lake_run
    inner join known on known.service = lake_run.service and known.file_day = lake_run.day
    where lake_run.feed_id = $feed_id
    group by known.day_id, known.service
)

select
    $feed_id as feed_id,
    day_name.service_id,
    day_name.day,
    counted.service as known_as,
    counted.checks,
    coalesce(counted.failed_checks, 0) as failed_checks,
    list_transform(latency_seen.latency_ms, lambda ms: round(ms, 6)) as latency_ms
from counted
inner join day_name using (day_id)
left join latency_seen using (day_id)
order by day_name.day, day_name.service_id;
