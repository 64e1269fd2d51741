-- Grain: feed, service, day, of one feed from a day on, with the length of the local day.
create or replace temp table batch as
select
    row_number() over (order by service_day.service_id, service_day.day) as source_row,
    service_day.*,
    (
        epoch_us(timezone(coalesce(government.timezone, 'UTC'), (service_day.day + 1)::timestamp))
        - epoch_us(timezone(coalesce(government.timezone, 'UTC'), service_day.day::timestamp))
    ) // 1000000 as day_s
from uptime.service_day as service_day
left join ref.government as government on government.code = service_day.government_code
where service_day.feed_id = $feed_id and service_day.day >= $from_day;
