-- Grain: quarter that is over in the zone of one of its services, which was reckoned while it ran.
with reckoned as (
    select
        service_quarter.period,
        service_quarter.last_day as counted_to,
        last_day(make_date(service_quarter.period[:4]::integer, 3 * service_quarter.period[-1:]::integer, 1)) as ends_on,
        timezone(coalesce(government.timezone, 'UTC'), $now::timestamptz)::date as today
    from uptime.service_quarter as service_quarter
    left join ref.government as government on government.code = service_quarter.government_code
)

select distinct period
from reckoned
where counted_to < ends_on and ends_on < today;
