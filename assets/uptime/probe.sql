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

-- Grain: service: names, owners and addresses as last seen in these files, under the id that the settings give. `match` are the names that checks bear.
create or replace temp table service_now as
with seen as (
    select
        service as match,
        arg_max(url, checked_at) as url,
        max(checked_at) filter (where url is not null) as url_at,
        min(checked_at) as first_at
    from read_parquet($files, hive_partitioning = false)
    group by service
)

select
    coalesce(service_setting.id, seen.match) as code,
    any_value(coalesce(service_setting.name, service_setting.id, seen.match)) as name,
    any_value(coalesce(service_setting.government, $government_code)) as government_code,
    any_value(coalesce(service_setting.agency, '-')) as agency_code,
    arg_max(seen.url, seen.url_at) as url,
    coalesce(any_value(service_setting.objective), $objective) as objective,
    any_value(coalesce(government.timezone, $timezone)) as timezone,
    timezone(any_value(coalesce(government.timezone, $timezone)), min(seen.first_at))::date as first_day,
    list(seen.match) as matches
from seen
left join service_setting on service_setting.match = seen.match
left join ref.government as government on government.code = coalesce(service_setting.government, $government_code)
group by coalesce(service_setting.id, seen.match);

-- Grain: check. The lake's rows under their service's id, with the local day and where it ends.
create or replace temp table probe as
with known as (
    select code, timezone, unnest(matches) as match from service_now
),

timed as (
    select
        known.code as service_id,
        known.timezone,
        local_hour.day + (lake.checked_at >= local_hour.until_at)::integer as day,
        lake.checked_at,
        lake.status,
        lake.latency_ms
    from read_parquet($files, hive_partitioning = false) as lake
    inner join known on known.match = lake.service
    inner join local_hour on local_hour.timezone = known.timezone and local_hour.hour = epoch_us(lake.checked_at) // 3600000000
)

select timed.* exclude (timezone), local_day.until_at as day_until_at
from timed
inner join local_day on local_day.timezone = timed.timezone and local_day.day = timed.day;
