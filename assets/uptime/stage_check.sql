-- Grain: one row per check of the log. Times are ISO 8601 (without a zone: in `log_timezone`), what JavaScript, Ruby and mail write, or seconds, milli-,
-- micro- or nanoseconds since 1970, of which only one can be meant; a failed check has no latency. The end of a certificate may be in seconds since 1970: 0,
-- less, or NaN is how monitors say that they saw none. Without a name of its own, the vantage is '-'.
create or replace temp table batch as
with host_of as (  -- of each address once: checks are many, addresses few
    select
        url,
        nullif(regexp_extract(lower(url), '^([a-z][a-z0-9+.-]*://)?([^/?#]*@)?([^/:?#]+)', 3), '') as host
    from (select distinct url from incoming)
),

cell as (
    select
        source_row,
        service,
        url,
        checked_at as checked_at_text,
        status as status_text,
        latency_ms as latency_ms_text,
        http_code,
        coalesce(nullif(trim(vantage), ''), '-') as vantage,
        nullif(trim(certificate_expires_at), '') as certificate_text,
        try_cast(trim(certificate_expires_at) as double) as certificate_s,
        case
            when lower(status) in ('up', 'degraded') then 'up'
            else lower(status)
        end as status,
        case
            when regexp_full_match(checked_at, '[0-9]+([-/][0-9]+){2}([T ][0-9:.]+)?') then timezone($log_timezone, try_cast(checked_at as timestamp))
            else coalesce(
                try_cast(checked_at as timestamptz),
                try_strptime(regexp_extract(checked_at, '^[^(]*[0-9]'), ['%a %b %d %Y %H:%M:%S GMT%z', '%Y-%m-%d %H:%M:%S %z']),
                try_strptime(
                    regexp_replace(checked_at, '(Z| GMT)$', '+00'),
                    ['%Y-%m-%dT%H:%M%z', '%Y-%m-%d %H:%M%z', '%a, %d %b %Y %H:%M:%S%z', '%a, %d %b %Y %H:%M:%S %z']
                ),
                to_timestamp(list_filter(
                    [try_cast(checked_at as double) / scale for scale in [1, 1e3, 1e6, 1e9]],
                    lambda seconds : seconds between epoch('1990-01-01'::timestamptz) and epoch('2200-01-01'::timestamptz)
                )[1])
            )
        end as said_at
    from incoming
),

certified as materialized (
    select
        *,
        case when certificate_s is null or (certificate_s > 0 and not isnan(certificate_s)) then certificate_text end as certificate_expires_at_text,
        case
            when certificate_s between epoch('1990-01-01'::timestamptz) and epoch('2200-01-01'::timestamptz) then to_timestamp(certificate_s)
            when certificate_s is null
                then coalesce(
                    try_cast(certificate_text as timestamptz),
                    try_strptime(regexp_extract(certificate_text, '^[^(]*[0-9]'), '%a %b %d %Y %H:%M:%S GMT%z')
                )
        end as certificate_until_at
    from cell
),

period_of as (  -- of each minute once: since 1990, clocks have been put forward or back at full minutes only
    select
        minute,
        year(local_at) || '-Q' || quarter(local_at) as period
    from (
        select
            minute,
            timezone($timezone, to_timestamp(minute * 60)) as local_at
        from (
            select distinct epoch_us(said_at) // 60000000 as minute
            from certified
            where said_at between '1990-01-01'::timestamptz and '2200-01-01'::timestamptz
        )
    )
)

select
    source_row,
    service,
    certified.url,
    host_of.host,
    checked_at_text,
    case when said_at between '1990-01-01'::timestamptz and '2200-01-01'::timestamptz then said_at end as checked_at,
    status_text,
    status,
    case when status = 'up' then latency_ms_text end as latency_ms_text,
    case when status = 'up' then try_cast(latency_ms_text as double) end as latency_ms,
    nullif(try_cast(http_code as integer), 0) as http_code,
    vantage,
    certificate_expires_at_text,
    case when certificate_until_at between '1990-01-01'::timestamptz and '2200-01-01'::timestamptz then certificate_until_at end as certificate_expires_at,
    $received_at::timestamptz as received_at,
    case when said_at between '1990-01-01'::timestamptz and '2200-01-01'::timestamptz then period_of.period end as period
from certified
left join host_of using (url)
left join period_of on epoch_us(said_at) // 60000000 = minute
order by source_row;
