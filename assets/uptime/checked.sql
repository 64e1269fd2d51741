-- What the pass over the checks has found, and the runs that were known and fit, take the place of what was known of these days.
create or replace temp table found_run as
select segment_id, status, first_us, last_us, checks from placed_run
anti join (select segment_id from segment where is_passed) as passed using (segment_id)
union all
select segment_id, status, first_us, last_us, checks from run_seen;

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
    found_run.status,
    make_timestamptz(found_run.first_us) as first_at,
    make_timestamptz(found_run.last_us) as last_at,
    found_run.checks,
    segment_name.until_at as cut_at
from found_run
inner join segment_name using (segment_id)
order by segment_name.day, segment_name.service_id, segment_name.vantage, found_run.first_us;

insert into uptime.check_day by name
with counted as (
    select
        segment_name.service_id,
        segment_name.day,
        segment_name.day_id,
        sum(found_run.checks) as checks,
        coalesce(sum(found_run.checks) filter (where found_run.status = 'down'), 0) as failed_checks
    from found_run
    inner join segment_name using (segment_id)
    group by segment_name.service_id, segment_name.day, segment_name.day_id
)

select
    $feed_id as feed_id,
    counted.service_id,
    counted.day,
    counted.checks,
    counted.failed_checks,
    list_transform(latency_seen.latency_ms, lambda ms: round(ms, 6)) as latency_ms
from counted
left join latency_seen using (day_id)
order by counted.day, counted.service_id;
