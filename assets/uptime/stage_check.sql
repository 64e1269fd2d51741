-- Grain: word of the log. Statuses 1 and 0 are up and down unless other numbers are among the log's statuses: those are some monitor's own, and with another
-- meaning in each (0 is good in Nagios, 2 in UptimeRobot).
create or replace temp table meant as
with numbered as (
    select
        name as written,
        translate(lower(name), '_-', '  ') as word,
        try_cast(name as double) as number,
        bool_or(isfinite(number) and number not in (0, 1)) over () as has_others
    from name_of_column
    where of_column = 'status'
)

select
    written,
    case
        when lower(written) in ('up', 'down') then lower(written)
        when number = 1 and not has_others then 'up'
        when number = 0 and not has_others then 'down'
        when word in (
            'degraded', 'online', 'ok', 'operational', 'available', 'healthy', 'success', 'true', 't', 'yes',
            'aktif', 'hidup', 'naik', 'daring', 'tersedia', 'ya'
        ) then 'up'
        when word in (
            'offline', 'critical', 'unavailable', 'unhealthy', 'failure', 'failed', 'fail', 'false', 'f', 'no',
            'tidak aktif', 'nonaktif', 'mati', 'turun', 'luring', 'tidak tersedia', 'tidak'
        ) then 'down'
        when word in ('under maintenance', 'pemeliharaan', 'dalam pemeliharaan') then 'maintenance'
        when word in ('paused', 'pending', 'seems down', 'unconfirmed down', 'tidak diketahui') then 'unknown'
        else lower(written)
    end as status
from numbered;

-- Grain: one row per check of the log. Times are ISO 8601 (without a zone: in `log_timezone`), what JavaScript, Ruby and mail write, or seconds, milli-,
-- micro- or nanoseconds since 1970, of which only one can be meant; a failed check has no latency. The end of a certificate may be in seconds since 1970: 0,
-- less, or NaN is how monitors say that they saw none. Without a name of its own, the vantage is '-'.
create or replace temp table batch as
with cell as (
    select
        source_row,
        service::service_name as service,
        url::url_name as url,
        checked_at as checked_at_text,
        incoming.status::status_name as status_text,
        meant.status::status_name as status,
        meant.status = 'up' as is_up,
        latency_ms as latency_ms_text,
        http_code,
        vantage_of(vantage)::vantage_name as vantage,
        nullif(trim(certificate_expires_at), '') as certificate_text,
        try_cast(trim(certificate_expires_at) as double) as certificate_s,
        case
            when regexp_full_match(checked_at, '[0-9]+([^0-9A-Za-z:+][0-9]+){2}([T\s]\s*[0-9:.,]+)?')  -- no zone: all in which a cast would take UTC for it
                then timezone($log_timezone, try_cast(replace(checked_at, ',', '.') as timestamp))
            when regexp_full_match(checked_at, '[0-9]{8}T[0-9]{6}') then timezone($log_timezone, try_strptime(checked_at, '%Y%m%dT%H%M%S'))
            when regexp_full_match(checked_at, '.*[+-][0-9]{4} [+0-9A-Z]+')  -- Go: the zone as numbers, then its name
                then try_cast(regexp_replace(checked_at, ' ([+-][0-9]{2})([0-9]{2}) [^ ]+$', '\1:\2') as timestamptz)
            when regexp_matches(checked_at, '^[0-9]([.,][0-9]{1,6})?[Ee]') then null  -- 1.79081E+12 is what a spreadsheet leaves of a moment: hours of it
            when checked_at[-1] between 'A' and 'Y'  -- other names of zones (CST, IST) are of more than one
                then try_strptime(
                    regexp_extract(checked_at, '^(.*[0-9]) ?[A-Z]+$', 1)
                    || map {'UTC': '+00', 'GMT': '+00', 'WIB': '+07', 'WITA': '+08', 'WIT': '+09'}[regexp_extract(checked_at, '[A-Z]+$')],
                    ['%Y-%m-%d %H:%M:%S.%f%z', '%Y-%m-%dT%H:%M:%S.%f%z', '%Y-%m-%d %H:%M:%S%z', '%Y-%m-%dT%H:%M:%S%z', '%Y-%m-%d %H:%M%z', '%a, %d %b %Y %H:%M:%S%z']
                )
            else coalesce(
                try_cast(if(checked_at[-1] = 'z', checked_at[:-2] || 'Z', replace(checked_at, ',', '.')) as timestamptz),
                try_strptime(regexp_extract(checked_at, '^[^(]*[0-9]'), ['%a %b %d %Y %H:%M:%S GMT%z', '%Y-%m-%d %H:%M:%S %z']),
                try_strptime(
                    regexp_replace(checked_at, '(Z| GMT)$', '+00'),
                    ['%Y-%m-%dT%H:%M%z', '%Y-%m-%d %H:%M%z', '%Y%m%dT%H%M%S%z', '%a, %d %b %Y %H:%M:%S%z', '%a, %d %b %Y %H:%M:%S %z']
                ),
                to_timestamp(list_filter(
                    [try_cast(checked_at as double) / scale for scale in [1, 1e3, 1e6, 1e9]],
                    lambda second : is_plausible_second(second)
                )[1])
            )
        end as said_at
    from incoming
    left join meant on meant.written = incoming.status
),

certified as materialized (
    select
        *,
        case when certificate_s is null or (certificate_s > 0 and not isnan(certificate_s)) then certificate_text end as certificate_expires_at_text,
        case
            when is_plausible_second(certificate_s) then to_timestamp(certificate_s)
            when certificate_s is null
                then coalesce(
                    try_cast(certificate_text as timestamptz),
                    try_strptime(regexp_extract(certificate_text, '^[^(]*[0-9]'), '%a %b %d %Y %H:%M:%S GMT%z')
                )
        end as certificate_until_at
    from cell
),

period_of as (
    select
        minute,
        period_in(minute, $timezone)::period_name as period,
        day_in(minute, $timezone) as day
    from (select distinct minute_of(said_at) as minute from certified where is_plausible_check(said_at))
)

select
    source_row,
    service,
    certified.url,
    host_of.host,
    checked_at_text,
    case when is_plausible_check(said_at) then said_at end as checked_at,
    status_text,
    status,
    case when is_up then latency_ms_text end as latency_ms_text,
    case when is_up then try_cast(latency_ms_text as double) end as latency_ms,
    nullif(try_cast(http_code as integer), 0) as http_code,
    vantage,
    certificate_expires_at_text,
    case when is_plausible(certificate_until_at) then certificate_until_at end as certificate_expires_at,
    $received_at::timestamptz as received_at,
    period_of.period,
    period_of.day
from certified
left join host_of using (url)
left join period_of on minute_of(said_at) = period_of.minute
order by source_row;
