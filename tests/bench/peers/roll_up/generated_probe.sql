-- Grain: generated check of one day, as the lake keeps it; nothing here was measured. The services of the made-up government 99 are checked about once a
-- minute, never at the same second. 97 in 100 ten-minute stretches are up, two down, the rest unknown or not checked at all; one service in 50 comes on the
-- third day, one in 50 falls silent on the fourth and fifth.
with minute as (
    select
        service_number,
        minute,
        hash(service_number, minute // 10, $day::date) % 1000 as drawn,
        hash(service_number, minute, $day::date) as varying
    from range($services) as services (service_number), range(1440) as minutes (minute)
    where not (service_number % 50 = 7 and $day_number < 3) and not (service_number % 50 = 11 and $day_number in (4, 5))
),

checked as (
    select
        *,
        case when drawn < 20 then 'down' when drawn < 25 then 'unknown' else 'up' end as status
    from minute
    where drawn < 995
)

select
    format('generated-99-{:03d}', service_number) as service,
    $day::date::timestamp at time zone 'UTC' + to_minutes(minute) + to_milliseconds((varying % 50000)::bigint) as checked_at,
    status,
    case when status = 'up' and varying % 1000 > 0 then (20 + varying % 9001 / 10)::double end as latency_ms,
    200 as http_code,
    format('https://generated-{:03d}.go.id/', service_number) as url,
    'generated' as artifact_sha256,
    minute as source_row,
    $day::date::timestamp at time zone 'UTC' + interval 2 days as received_at
from checked
order by service, checked_at
