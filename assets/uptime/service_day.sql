-- Grain: feed, service, local day, from `from_day` on. Seconds come from how long checks hold, never from counting samples; what no check
-- speaks for is unknown, unless it lies in announced maintenance or off hours, also on days on which a service that was watched before is not checked at all.
insert into uptime.service_day by name
with held_day as (
    select
        service_id,
        day,
        (coalesce(sum(held_us) filter (where status = 'up'), 0) + 500000) // 1000000 as up_s,
        (coalesce(sum(held_us) filter (where status = 'down'), 0) + 500000) // 1000000 as down_s,
        (coalesce(sum(held_us) filter (where status = 'maintenance'), 0) + 500000) // 1000000 as maintenance_s
    from (select service_id, day, status, epoch_us(until_at) - epoch_us(from_at) as held_us from piece where day >= $from_day) as held
    group by service_id, day
),

excluded_day as (
    select
        service_id,
        day,
        coalesce(sum(epoch_us(until_at) - epoch_us(from_at)) filter (where status = 'maintenance'), 0) // 1000000 as announced_s,
        coalesce(sum(epoch_us(until_at) - epoch_us(from_at)) filter (where status = 'off_hours'), 0) // 1000000 as off_hours_s
    from span
    where day >= $from_day
    group by service_id, day
),

checked_day as (
    select service_id, day, checks, failed_checks, latency_ms
    from uptime.check_day
    where feed_id = $feed_id and day >= $from_day
),

watched_before as (
    select
        service_id,
        any_value(government_code) as government_code,
        any_value(agency_code) as agency_code
    from uptime.service_day
    where feed_id = $feed_id
    group by service_id
),

watched as (
    select
        coalesce(service_now.code, watched_before.service_id) as service_id,
        coalesce(service_now.government_code, watched_before.government_code) as government_code,
        coalesce(service_now.agency_code, watched_before.agency_code) as agency_code,
        coalesce(service_now.timezone, government.timezone) as timezone,
        case when watched_before.service_id is not null then $from_day else greatest(service_now.first_day, $from_day) end as first_day
    from service_now
    full join watched_before on watched_before.service_id = service_now.code
    left join ref.government as government on government.code = watched_before.government_code
),

watched_day as (
    select
        *,
        unnest(generate_series(first_day::timestamp, timezone(timezone, $latest_at::timestamptz)::date::timestamp, interval 1 day))::date as day
    from watched
),

day_length as (
    select
        timezone,
        day,
        (epoch_us(timezone(timezone, (day + 1)::timestamp)) - epoch_us(timezone(timezone, day::timestamp))) // 1000000 as day_s
    from (select distinct timezone, day from watched_day)
),

reckoned as (
    select
        watched_day.service_id,
        watched_day.government_code,
        watched_day.agency_code,
        watched_day.day,
        day_length.day_s,
        coalesce(held_day.up_s, 0) as up_s,
        coalesce(held_day.down_s, 0) as down_s,
        coalesce(held_day.maintenance_s, 0) as said_maintenance_s,
        coalesce(excluded_day.announced_s, 0) as announced_s,
        coalesce(excluded_day.off_hours_s, 0) as off_hours_s,
        coalesce(checked_day.checks, 0) as checks,
        coalesce(checked_day.failed_checks, 0) as failed_checks,
        checked_day.latency_ms
    from watched_day
    inner join day_length using (timezone, day)
    left join held_day using (service_id, day)
    left join excluded_day using (service_id, day)
    left join checked_day using (service_id, day)
),

shared as (  -- two halves of a second that are both rounded up are one second
    select
        service_id,
        government_code,
        agency_code,
        day,
        day_s,
        up_s,
        least(down_s, day_s - announced_s - off_hours_s - up_s) as down_s,
        announced_s,
        off_hours_s,
        said_maintenance_s,
        checks,
        failed_checks,
        latency_ms
    from reckoned
),

whole as (
    select
        *,
        announced_s + least(said_maintenance_s, day_s - announced_s - off_hours_s - up_s - down_s) as maintenance_s
    from shared
)

select
    $feed_id as feed_id,
    service_id,
    government_code,
    agency_code,
    day,
    up_s,
    down_s,
    day_s - up_s - down_s - maintenance_s - off_hours_s as unknown_s,
    maintenance_s,
    off_hours_s,
    checks,
    failed_checks,
    latency_ms[1] as latency_p50_ms,
    latency_ms[2] as latency_p95_ms,
    latency_ms[3] as latency_p99_ms,
    up_s / nullif(up_s + down_s, 0) as availability,
    up_s / nullif(day_s - maintenance_s - off_hours_s, 0) as availability_strict,
    (up_s + down_s + maintenance_s) / nullif(day_s - off_hours_s, 0) as coverage
from whole
order by service_id, day;
