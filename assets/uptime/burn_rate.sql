-- Grain: service, pair of windows, as of the feed's latest check. Windows and thresholds are those of Google's SRE Workbook, chapter 5 (objectives over
-- 30 days). A pair is reckoned if its short window holds three checks or more, at the mean distance of the service's checks since the midnight before the
-- last 24 hours: that rule is ours. A mean, because of two checks seconds apart a median would make a frequent probe; of four checks or more, for the
-- same reason.
delete from uptime.burn_rate where feed_id = $feed_id;

insert into uptime.burn_rate by name
with alert (severity, long_window_s, short_window_s, threshold) as (
    values
    ('page', 3600, 300, 14.4::double),
    ('page', 21600, 1800, 6::double),
    ('ticket', 86400, 7200, 3::double),
    ('ticket', 259200, 21600, 1::double)
),

last_run as (
    select
        day_run.service_id,
        day_run.vantage,
        sum(day_run.checks) - 1 as gaps,
        epoch_us(max(day_run.last_at)) - epoch_us(min(day_run.first_at)) as gaps_us
    from uptime.day_run as day_run
    inner join service_now on service_now.code = day_run.service_id
    where
        day_run.feed_id = $feed_id
        and day_run.day >= $latest_at::timestamptz::date - 3  -- of any zone
        and day_run.day >= timezone(service_now.timezone, $latest_at::timestamptz - interval 1 day)::date
    group by day_run.service_id, day_run.vantage
),

watched as (
    select
        service_id,
        sum(gaps_us)::bigint as gaps_us,
        sum(gaps)::bigint as gaps
    from last_run
    group by service_id
    having sum(gaps) >= 3
),

judged as (
    select
        watched.service_id,
        watched.gaps_us / watched.gaps / 1000000 as probe_interval_s,
        service.government_code,
        service.agency_code,
        service.objective,
        alert.severity,
        alert.long_window_s,
        alert.short_window_s,
        alert.threshold
    from watched
    inner join ref.service as service on service.feed_id = $feed_id and service.code = watched.service_id
    inner join alert on alert.short_window_s * 1000000::bigint * watched.gaps >= 3 * watched.gaps_us
    where service.objective is not null
),

seen_window as (
    select service_id, long_window_s as window_s from judged
    union
    select service_id, short_window_s from judged
),

held as (
    select
        seen_window.service_id,
        seen_window.window_s,
        piece.status,
        epoch_us(piece.until_at) - greatest(epoch_us(piece.from_at), epoch_us($latest_at::timestamptz) - seen_window.window_s * 1000000::bigint) as held_us
    from seen_window
    inner join piece on piece.service_id = seen_window.service_id
    where
        piece.status in ('up', 'down')
        and epoch_us(piece.until_at) > epoch_us($latest_at::timestamptz) - seen_window.window_s * 1000000::bigint
),

error as (
    select
        service_id,
        window_s,
        coalesce(sum(held_us) filter (where status = 'down'), 0) / nullif(sum(held_us), 0) as error_ratio
    from held
    group by service_id, window_s
),

burnt as (
    select
        judged.*,
        over_long.error_ratio as long_error_ratio,
        over_short.error_ratio as short_error_ratio,
        over_long.error_ratio / (1 - judged.objective) as long_burn_rate,
        over_short.error_ratio / (1 - judged.objective) as short_burn_rate
    from judged
    left join error as over_long on over_long.service_id = judged.service_id and over_long.window_s = judged.long_window_s
    left join error as over_short on over_short.service_id = judged.service_id and over_short.window_s = judged.short_window_s
)

select
    $feed_id as feed_id,
    service_id,
    government_code,
    agency_code,
    $latest_at::timestamptz as as_of,
    severity,
    long_window_s,
    short_window_s,
    probe_interval_s,
    objective,
    long_error_ratio,
    short_error_ratio,
    long_burn_rate,
    short_burn_rate,
    threshold,
    round(long_burn_rate, 9) > threshold and round(short_burn_rate, 9) > threshold as burning  -- 0.1 / (1 - 0.9) is a trifle over 1
from burnt
order by service_id, long_window_s;
