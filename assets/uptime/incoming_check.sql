-- Grain: service, vantage, moment. The accepted checks of this batch with their local day; of doubled ones, the last row. Those are sought among
-- the keys whose hash stands there twice: mostly there are none.
create or replace temp table incoming_check as
with day_of as (  -- of each minute once: since 1990, clocks have been put forward or back at full minutes only
    select
        minute,
        timezone($timezone, to_timestamp(minute * 60))::date as day
    from (select distinct epoch_us(checked_at) // 60000000 as minute from accepted)
),

suspect as (
    select hash(service, vantage, checked_at) as key_hash
    from accepted
    group by key_hash
    having count(*) > 1
),

doubled as (
    select
        service,
        vantage,
        checked_at,
        max(source_row) as last_row
    from accepted
    where hash(service, vantage, checked_at) in (select key_hash from suspect)
    group by service, vantage, checked_at
    having count(*) > 1
)

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
    day
from accepted
inner join day_of on epoch_us(checked_at) // 60000000 = minute
anti join doubled
    on
        accepted.service = doubled.service
        and accepted.vantage = doubled.vantage
        and accepted.checked_at = doubled.checked_at
        and accepted.source_row < doubled.last_row;
