-- What the pass over the checks has found takes the place of what was known of these days.
delete from uptime.check_day
using (select distinct service_id, day from segment_name) as counted
where check_day.feed_id = $feed_id and check_day.service_id = counted.service_id and check_day.day = counted.day;

delete from uptime.check_run
using (select distinct service_id, day from segment_name) as counted
where check_run.feed_id = $feed_id and check_run.service_id = counted.service_id and check_run.day = counted.day;

insert into uptime.check_day by name
select
    $feed_id as feed_id,
    counted.service_id,
    counted.day,
    day_seen.checks,
    day_seen.failed_checks,
    list_transform(day_seen.latency_ms, lambda ms: round(ms, 6)) as latency_ms
from day_seen
inner join (select distinct service_id, day, day_id from segment_name) as counted using (day_id)
order by counted.day, counted.service_id;

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
