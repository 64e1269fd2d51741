-- The eleven rules that look at one row (or at the number of rows), as someone would write them who has no engine: rows that break each, one scan.
select
    count(*) as has_rows,
    count(*) filter (where source_row is null) as row_numbered,
    count(*) filter (where service is null) as service_named,
    count(*) filter (where checked_at is null) as time_readable,
    count(*) filter (where checked_at > received_at + interval 5 minutes) as not_in_the_future,
    count(*) filter (where status not in ('up', 'down', 'unknown', 'maintenance')) as status_known,
    count(*) filter (where status is null) as status_named,
    count(*) filter (where not ends_with(host, '.go.id')) as host_of_government,
    count(*) filter (where latency_ms < 0 or latency_ms > 600000) as latency_plausible,
    count(*) filter (where http_code < 100 or http_code > 599) as code_plausible,
    count(*) filter (where not (starts_with(url, 'https://') or starts_with(url, 'http://'))) as url_web
from batch;
