-- Grain: service, local day, of the feed's newest 31 days and of those services that were down longest in them. Ordered by rank and day.
with newest as (
    select
        service_id,
        government_code,
        day,
        up_s,
        down_s,
        unknown_s
    from uptime.service_day
    where feed_id = $feed_id and day > (select max(day) from uptime.service_day where feed_id = $feed_id) - 31
),

summed as (
    select
        service_id,
        any_value(government_code) as government_code,
        sum(up_s)::bigint as up_s,
        sum(down_s)::bigint as down_s,
        row_number() over (order by sum(down_s) desc, sum(unknown_s) desc, service_id) as rank,
        count(*) over () as services
    from newest
    group by service_id
)

select
    summed.service_id,
    coalesce(service.name, summed.service_id) as name,
    coalesce(government.name, summed.government_code) as government,
    newest.day,
    newest.up_s,
    newest.down_s,
    newest.unknown_s,
    summed.up_s / nullif(summed.up_s + summed.down_s, 0) as availability,
    service.objective,
    summed.services
from summed
inner join newest using (service_id)
left join ref.service as service on service.feed_id = $feed_id and service.code = summed.service_id
left join ref.government as government on government.code = summed.government_code
where summed.rank <= $most
order by summed.rank, newest.day;
