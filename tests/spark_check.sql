-- Grain: generated check of a day of the feed's zone, as the lake keeps it; nothing here was measured. So many monitors of the made-up government 99, one
-- check a minute each, every third of them from two vantages. A status is drawn for ten minutes at a time; one stretch in 40 has no checks at all.
with drawn as (
    select
        monitor,
        vantages.vantage,
        minute,
        timezone('Asia/Makassar', $day::date::timestamp) + to_minutes(minute) + to_seconds(monitor % 60) as checked_at,
        hash(monitor, vantages.vantage, minute // 10, $day::date, $version) % 40 as mood,
        hash(monitor, vantages.vantage, minute, $day::date, $version) as grain
    from range($monitors) as monitors (monitor)
    inner join (values ('-'), ('jakarta')) as vantages (vantage) on vantages.vantage = '-' or monitor % 3 = 0
    cross join range(1440) as minutes (minute)
)

select
    format('generated-99-{:02d}', monitor) as service,
    vantage,
    checked_at,
    case mood when 0 then 'down' when 1 then 'maintenance' when 2 then 'unknown' else 'up' end as status,
    case when mood > 3 and grain % 50 > 0 then (grain % 900000) / 1000 end as latency_ms,
    case when mood > 3 then 200 end as http_code,
    format('https://generated-{:02d}.go.id/', monitor) as url,
    timezone('UTC', date_trunc('month', $day::date) + to_days(90 + monitor::integer)) as certificate_expires_at,
    'generated' as artifact_sha256,
    minute as source_row,
    checked_at + interval 1 day as received_at
from drawn
where mood <> 3
order by service, checked_at, vantage
