-- Grain: service, vantage, moment. The accepted checks of this batch with their local day; of doubled ones, the last row.
create or replace temp table incoming_check as
select
    service,
    checked_at,
    vantage,
    status,
    case when latency_ms between 0 and 600000 then latency_ms end as latency_ms,
    http_code,
    url,
    certificate_expires_at,
    $artifact_sha256::varchar as artifact_sha256,
    source_row,
    $received_at::timestamptz as received_at,
    timezone($timezone, checked_at)::date as day
from accepted
qualify row_number() over (partition by service, vantage, checked_at order by source_row desc) = 1;
