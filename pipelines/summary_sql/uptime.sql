-- Availability by time over all services of a government in a quarter (sums of seconds, never a mean of percentages).
select
    government.name as government,
    service_quarter.period,
    count(*) as services,
    round(100 * sum(up_s) / nullif(sum(up_s + down_s), 0), 2) || ' %' as availability,
    round(100 * sum(up_s + down_s + maintenance_s) / nullif(sum(up_s + down_s + maintenance_s + unknown_s), 0), 1) || ' %' as coverage,
    sum(incidents) as incidents,
    count(*) filter (where verdict = 'met') as met,
    count(*) filter (where verdict = 'missed') as missed,
    count(*) filter (where verdict = 'insufficient_data') as insufficient_data
from uptime.service_quarter as service_quarter
left join ref.government as government on government.code = service_quarter.government_code
group by government.name, service_quarter.period
order by government, service_quarter.period;
