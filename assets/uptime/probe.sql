-- Local days of every zone that services may be in, and by UTC hour the day that it begins in: asking the calendar for each check takes longer than all the
-- rest. No hour has two midnights.
create or replace temp table local_day as
with zone as (
    select $timezone as timezone
    union
    select timezone from ref.government
)

select
    zone.timezone,
    days.day::date as day,
    timezone(zone.timezone, days.day) as from_at,
    timezone(zone.timezone, days.day + interval 1 day) as until_at
from zone, generate_series($held_from::date - interval 2 day, $latest_at::timestamptz::date + interval 2 day, interval 1 day) as days (day);

create or replace temp table local_hour as
select
    local_day.timezone,
    epoch_us(hours.hour_at) // 3600000000 as hour,
    local_day.day,
    local_day.until_at
from local_day, generate_series(date_trunc('hour', local_day.from_at), local_day.until_at - interval 1 microsecond, interval 1 hour) as hours (hour_at)
qualify row_number() over (partition by local_day.timezone, hour order by local_day.day) = 1;

-- Grain: check. The lake's rows with the service's own id, owner, the zone its days are cut in and the local day.
create or replace temp table probe as
with said as (
    select
        lake.*,
        service_setting.id,
        service_setting.name,
        service_setting.agency,
        service_setting.objective,
        coalesce(service_setting.government, $government_code) as government_code,
        coalesce(government.timezone, $timezone) as timezone
    from read_parquet($files, hive_partitioning = false) as lake
    left join service_setting on service_setting.match = lake.service
    left join ref.government as government on government.code = coalesce(service_setting.government, $government_code)
)

select
    coalesce(said.id, said.service) as service_id,
    coalesce(said.name, said.id, said.service) as service_name,
    said.government_code,
    coalesce(said.agency, '-') as agency_code,
    said.objective,
    said.timezone,
    local_hour.day + (said.checked_at >= local_hour.until_at)::integer as day,
    said.checked_at,
    said.status,
    said.latency_ms,
    said.url
from said
inner join local_hour on local_hour.timezone = said.timezone and local_hour.hour = epoch_us(said.checked_at) // 3600000000;
