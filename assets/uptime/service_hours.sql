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
)

select
    $feed_id as feed_id,
    calendar_day.service_id,
    calendar_day.day,
    timezone(calendar_day.timezone, calendar_day.day::timestamp + to_seconds(opening_setting.opens_s)) as opens_at,
    timezone(calendar_day.timezone, calendar_day.day::timestamp + to_seconds(opening_setting.closes_s)) as closes_at,
    holiday.name as holiday
from calendar_day
left join holiday using (day)
left join opening_setting
    on opening_setting.service_id = calendar_day.hours_of and opening_setting.weekday = isodow(calendar_day.day) and holiday.day is null
order by calendar_day.service_id, calendar_day.day, opens_at;
