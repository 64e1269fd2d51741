-- Grain of `announced`: service, stretch of service time within one local month that windows announced before their start cover, from the quarter of the
-- feed's first check to its latest day. Windows that overlap count once. The stretch is maintenance until `counted_until_at`, when the month's cap is used
-- up, what comes first in time having counted first. It is reckoned of all months, so that it is the same whichever days are reckoned again.
create or replace temp table announced_window as
select
    service_now.code as service_id,
    window_setting.source_row,
    window_setting.starts_at,
    window_setting.ends_at
from window_setting
inner join service_now on window_setting.service_id in ('*', service_now.code)
where window_setting.announced_at < window_setting.starts_at;

create or replace temp table announced as
with covered as (
    select
        service_id,
        greatest(starts_at, max(ends_at) over earlier) as from_at,
        ends_at as until_at
    from announced_window
    window earlier as (partition by service_id order by starts_at, ends_at rows between unbounded preceding and 1 preceding)
),

watched as (
    select
        code as service_id,
        timezone,
        maintenance_cap_s,
        date_trunc('quarter', timezone(timezone, $first_at::timestamptz)) as first_day,
        date_trunc('day', timezone(timezone, $latest_at::timestamptz)) as last_day
    from service_now
    where code in (select service_id from announced_window)
),

hours as (
    select service_id, day, opens_at, closes_at
    from uptime.service_hours
    where feed_id = $feed_id and service_id in (select service_id from watched)
),

watched_month as (
    select *, unnest(generate_series(first_day, last_day, interval 1 month)) as month
    from watched
    anti join hours using (service_id)
),

service_time as (
    select
        service_id,
        month,
        timezone(timezone, month) as opens_at,
        timezone(timezone, least(month + interval 1 month, last_day + interval 1 day)) as closes_at
    from watched_month
    union all
    select hours.service_id, date_trunc('month', hours.day), hours.opens_at, hours.closes_at
    from hours
    inner join watched on watched.service_id = hours.service_id and hours.day <= watched.last_day
),

stretch as (
    select
        covered.service_id,
        service_time.month,
        greatest(covered.from_at, service_time.opens_at) as from_at,
        least(covered.until_at, service_time.closes_at) as until_at
    from covered
    inner join service_time
        on
            service_time.service_id = covered.service_id
            and service_time.opens_at < covered.until_at
            and service_time.closes_at > covered.from_at
    where covered.from_at < covered.until_at
),

lasting as (
    select *, date_diff('second', from_at, until_at) as lasts_s
    from stretch
),

used as (
    select *, sum(lasts_s) over (partition by service_id, month order by from_at) as used_s
    from lasting
)

select
    used.service_id,
    watched.timezone,
    used.from_at,
    used.from_at + to_seconds(greatest(least(used.lasts_s, watched.maintenance_cap_s - (used.used_s - used.lasts_s)), 0)) as counted_until_at,
    used.until_at
from used
inner join watched using (service_id);
