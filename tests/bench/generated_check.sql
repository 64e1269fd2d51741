-- Grain: generated check, $rows of them; nothing here was measured. 500 services of the made-up government 99, one check a minute each, in the
-- order a monitor writes them. With $faults, in every 1,000 rows one breaks each rule that can be broken, and one repeats the moment of the row
-- 500 before it: two rows of each such pair break uniqueness.
with generated as (
    select
        range as source_row,
        range % 1000 as place,
        range % 500 as service_number,
        range // 500 as minute,
        hash(range) as noise
    from range($rows)
),

planted as (
    select
        *,
        $faults and place = 11 as without_service,
        $faults and place = 22 as without_time,
        $faults and place = 33 as from_the_future,
        $faults and place = 44 as of_unknown_status,
        $faults and place = 55 as without_status,
        $faults and place = 66 as of_foreign_host,
        $faults and place = 77 as of_impossible_latency,
        $faults and place = 88 as of_impossible_code,
        $faults and place = 99 as of_strange_url,
        $faults and place = 599 as repeated
    from generated
),

timed as (
    select
        *,
        timestamptz '2026-01-01 00:00:00+00' + to_minutes((minute - repeated::int)::bigint)
        + to_years(if(from_the_future, 20, 0)) as moment,
        case when noise % 100 < 97 then 'up' when noise % 100 < 99 then 'down' when noise % 2 = 0 then 'unknown' else 'maintenance' end as state
    from planted
)

select
    source_row::bigint as source_row,
    if(without_service, null, format('generated-99-{:03d}', service_number)) as service,
    format('{}://generated-{:03d}.go.id/', if(of_strange_url, 'gopher', 'https'), service_number) as url,
    format('generated-{:03d}.{}', service_number, if(of_foreign_host, 'example.com', 'go.id')) as host,
    if(without_time, 'yesterday', strftime(timezone('UTC', moment), '%Y-%m-%dT%H:%M:%SZ')) as checked_at_text,
    if(without_time, null, moment) as checked_at,
    case when of_unknown_status then 'splendid' when without_status then null else state end as status_text,
    case when of_unknown_status then 'splendid' when without_status then null else state end as status,
    (if(of_impossible_latency, -1, 1) * (20 + noise % 900)::bigint)::varchar as latency_ms_text,
    (if(of_impossible_latency, -1, 1) * (20 + noise % 900)::bigint)::double as latency_ms,
    case when of_impossible_code then 999 when state = 'down' then 503 else 200 end::integer as http_code,
    timestamptz '2027-01-01 00:00:00+00' as received_at,
    if(without_time, null, year(timezone('UTC', moment)) || '-Q' || quarter(timezone('UTC', moment))) as period
from timed;
