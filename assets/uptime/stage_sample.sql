-- Grain: one row per sample of probe_success, or scrape that did not reach the prober. Times are seconds since 1970; they are shown to the millisecond, as
-- Prometheus keeps them. Values are text, as it writes them: NaN and +Inf are among them. A failed check has no latency. The end of a certificate is in
-- seconds since 1970: 0, less, or NaN is how the exporter says that it saw none. Where the scrape says `up` 0, nobody checked.
create or replace temp table batch as
with period_of as (
    select
        minute,
        period_in(minute, $timezone)::period_name as period,
        day_in(minute, $timezone) as day
    from (select distinct millisecond // 60000 as minute from incoming)
    where is_plausible_check(make_timestamptz(minute * 60000000))
),

cell as (
    select
        * replace (url::url_name as url),
        make_timestamptz(millisecond * 1000) as said_at,
        case
            when up = '0' then 'unknown'::status_name
            when success = '1' then 'up'::status_name
            when success = '0' then 'down'::status_name
            else success::status_name
        end as status_text,
        status_text = 'up'::status_name as is_up,
        try_cast(try_cast(duration as double) * 1000 as decimal(18, 3)) as duration_ms,
        try_cast(certificate as double) as certificate_s
    from incoming
)

select
    source_row,
    service::service_name as service,
    cell.url,
    host_of.host,
    coalesce(strftime(epoch_ms(millisecond), '%Y-%m-%dT%H:%M:%S.%g+00:00'), second::varchar) as checked_at_text,
    case when is_plausible_check(said_at) then said_at end as checked_at,
    status_text,
    case when is_up or status_text in ('down'::status_name, 'unknown'::status_name) then status_text else lower(status_text)::status_name end as status,
    case when is_up then coalesce(duration_ms::varchar, duration) end as latency_ms_text,
    case when is_up then duration_ms::double end as latency_ms,
    nullif(try_cast(code as integer), 0) as http_code,
    vantage_of(vantage)::vantage_name as vantage,
    case when certificate_s is null or (certificate_s > 0 and not isnan(certificate_s)) then nullif(certificate, '') end as certificate_expires_at_text,
    case when is_plausible_second(certificate_s) then to_timestamp(certificate_s) end as certificate_expires_at,
    $received_at::timestamptz as received_at,
    period_of.period,
    period_of.day
from cell
left join host_of using (url)
left join period_of on millisecond // 60000 = period_of.minute;
