-- Grain: zone that the feed's services are in, local day, of the whole quarters from the feed's first check to its latest.
create or replace temp table local_day as
with zone as (
    select distinct timezone from service_now
)

select
    zone.timezone,
    days.day::date as day,
    timezone(zone.timezone, days.day) as from_at,
    timezone(zone.timezone, days.day + interval 1 day) as until_at
from
    zone,
    generate_series(
        date_trunc('quarter', $first_at::timestamptz::date - interval 3 day),
        date_trunc('quarter', $latest_at::timestamptz::date + interval 3 day) + interval 3 month,
        interval 1 day
    ) as days (day);
