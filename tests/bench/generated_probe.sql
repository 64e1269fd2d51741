-- Grain: generated check of one day, as the lake keeps it; nothing here was measured. So many services of the made-up government 99, one check a
-- minute each, 98 in 100 up; outages last some minutes, since a state is drawn for ten minutes at a time.
select
    format('generated-99-{:03d}', service_number) as service,
    $day::date::timestamp at time zone 'UTC' + to_minutes(minute) as checked_at,
    case when hash(service_number, minute // 10, $day::date) % 100 < 98 then 'up' else 'down' end as status,
    case when hash(service_number, minute // 10, $day::date) % 100 < 98 then (20 + hash(service_number, minute, $day::date) % 900)::double end as latency_ms,
    200 as http_code,
    format('https://generated-{:03d}.go.id/', service_number) as url,
    'generated' as artifact_sha256,
    minute as source_row,
    $day::date::timestamp at time zone 'UTC' + interval 2 days as received_at
from range($services) as services (service_number), range(1440) as minutes (minute)
order by service, checked_at
