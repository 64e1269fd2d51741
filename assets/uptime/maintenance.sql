-- Grain: row of the feed's maintenance file. A window counts if it was announced before its start and names a service that is known, and as far as the
-- cap of the month allows.
delete from uptime.maintenance where feed_id = $feed_id;

insert into uptime.maintenance by name
with shared as (
    select
        announced_window.source_row,
        date_diff('second', greatest(announced_window.starts_at, announced.from_at), least(announced_window.ends_at, announced.until_at)) as covered_s,
        greatest(
            date_diff('second', greatest(announced_window.starts_at, announced.from_at), least(announced_window.ends_at, announced.counted_until_at)), 0
        ) as counted_s
    from announced_window
    inner join announced
        on
            announced.service_id = announced_window.service_id
            and announced.from_at < announced_window.ends_at
            and announced.until_at > announced_window.starts_at
),

of_window as (
    select
        source_row,
        sum(counted_s) as counted_s,
        sum(covered_s - counted_s) as over_cap_s
    from shared
    group by source_row
),

judged as (
    select
        window_setting.*,
        coalesce(of_window.counted_s, 0) as counted_s,
        coalesce(of_window.over_cap_s, 0) as over_cap_s,
        case
            when window_setting.announced_at >= window_setting.starts_at then 'announced_late'
            when window_setting.service_id <> '*' and service.code is null then 'unknown_service'
            when of_window.over_cap_s > 0 then 'over_cap'
        end as reason
    from window_setting
    left join of_window using (source_row)
    left join ref.service as service on service.feed_id = $feed_id and service.code = window_setting.service_id
)

select
    $feed_id as feed_id,
    source_row,
    service_id,
    starts_at,
    ends_at,
    announced_at,
    note,
    reason is null or (reason = 'over_cap' and counted_s > 0) as counts,
    reason,
    counted_s,
    over_cap_s
from judged
order by source_row;
