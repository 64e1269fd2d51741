-- Grain: one row per check of the log. Both spellings of time that Upptime writes are read; a failed check has no latency.
create or replace temp table batch as
with cell as (
    select
        source_row,
        service,
        url,
        checked_at as checked_at_text,
        status as status_text,
        latency_ms as latency_text,
        http_code,
        case
            when lower(status) in ('up', 'degraded') then 'up'
            else lower(status)
        end as status
    from incoming
)

select
    source_row,
    service,
    url,
    nullif(regexp_extract(lower(url), '^[a-z]+://([^/:?#]+)', 1), '') as host,
    checked_at_text,
    coalesce(
        try_cast(checked_at_text as timestamptz),
        try_strptime(regexp_extract(checked_at_text, '^[^(]*[0-9]'), '%a %b %d %Y %H:%M:%S GMT%z')
    ) as checked_at,
    status_text,
    status,
    latency_text,
    case when status = 'up' then try_cast(latency_text as double) end as latency_ms,
    nullif(try_cast(http_code as integer), 0) as http_code,
    $received_at::timestamptz as received_at,
    year(timezone($timezone, checked_at)) || '-Q' || quarter(timezone($timezone, checked_at)) as period
from cell
order by source_row;
