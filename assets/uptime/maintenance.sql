-- Grain: row of the feed's maintenance file. A window counts if it was announced before its start and names a service that is known.
delete from uptime.maintenance where feed_id = $feed_id;

insert into uptime.maintenance by name
select
    $feed_id as feed_id,
    window_setting.source_row,
    window_setting.service_id,
    window_setting.starts_at,
    window_setting.ends_at,
    window_setting.announced_at,
    window_setting.note,
    window_setting.announced_at < window_setting.starts_at and (window_setting.service_id = '*' or service.code is not null) as counts,
    case
        when window_setting.announced_at >= window_setting.starts_at then 'announced_late'
        when window_setting.service_id <> '*' and service.code is null then 'unknown_service'
    end as reason
from window_setting
left join ref.service as service on service.feed_id = $feed_id and service.code = window_setting.service_id
order by window_setting.source_row;
