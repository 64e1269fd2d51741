-- Grain: service, local day, opening, of services that have hours; a closed day has one row without times. Whole quarters, from that of the feed's first
-- check to that of its latest, so that their off hours are known for the days before a service's first check and after its last one too.
delete from uptime.service_hours where feed_id = $feed_id;

insert into uptime.service_hours by name
with calendar as (
    select
        service_now.code as service_id,
        service_now.timezone,
        case when own_hours.service_id is null then '*' else service_now.code end as hours_of
    from service_now
    left join own_hours on own_hours.service_id = service_now.code
    where hours_of in (select service_id from opening_setting)
),

calendar_day as (
    select
        *,
        unnest(generate_series(
            date_trunc('quarter', timezone(timezone, $first_at::timestamptz)),
            date_trunc('quarter', timezone(timezone, $latest_at::timestamptz)) + interval 3 months - interval 1 day,
            interval 1 day
        ))::date as day
    from calendar
),

clock as (  -- of days (TEMP table local_day) on which clocks are put forward or back: how far they are ahead of UTC before and after
    select
        timezone,
        day,
        timezone(timezone, minute_at) - timezone('UTC', minute_at) as ahead,
        min(minute_at) as from_at,
        max(minute_at) + interval 1 minute as until_at
    from (
        select timezone, day, unnest(generate_series(from_at, until_at - interval 1 minute, interval 1 minute)) as minute_at
        from local_day
        where epoch_us(until_at) - epoch_us(from_at) <> 86400000000
    ) as minute
    group by all
),

opening as (  -- a clock time that is shown twice is open twice, one that is not shown never
    select
        calendar_day.service_id,
        calendar_day.day,
        greatest(timezone('UTC', calendar_day.day::timestamp + to_seconds(opening_setting.opens_s) - clock.ahead), clock.from_at) as put_opens_at,
        least(timezone('UTC', calendar_day.day::timestamp + to_seconds(opening_setting.closes_s) - clock.ahead), clock.until_at) as put_closes_at,
        coalesce(put_opens_at, timezone(calendar_day.timezone, calendar_day.day::timestamp + to_seconds(opening_setting.opens_s))) as opens_at,
        coalesce(put_closes_at, timezone(calendar_day.timezone, calendar_day.day::timestamp + to_seconds(opening_setting.closes_s))) as closes_at
    from calendar_day
    inner join opening_setting on opening_setting.service_id = calendar_day.hours_of and opening_setting.weekday = isodow(calendar_day.day)
    anti join holiday using (day)
    left join clock on clock.timezone = calendar_day.timezone and clock.day = calendar_day.day
)

select
    $feed_id as feed_id,
    calendar_day.service_id,
    calendar_day.day,
    opening.opens_at,
    opening.closes_at,
    holiday.name as holiday
from calendar_day
left join holiday using (day)
left join opening on opening.service_id = calendar_day.service_id and opening.day = calendar_day.day and opening.opens_at < opening.closes_at
order by calendar_day.service_id, calendar_day.day, opening.opens_at;
