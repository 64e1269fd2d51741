-- Grain: quarter that is over in the zone of one of its services, which was reckoned while it ran.
select distinct service_quarter.period
from uptime.service_quarter as service_quarter
left join ref.government as government on government.code = service_quarter.government_code
where
    service_quarter.last_day < last_day(make_date(service_quarter.period[:4]::integer, 3 * service_quarter.period[-1:]::integer, 1))
    and timezone(coalesce(government.timezone, 'UTC'), $now::timestamptz)::date
    > last_day(make_date(service_quarter.period[:4]::integer, 3 * service_quarter.period[-1:]::integer, 1));
