-- Grain: service, vantage, moment. What the lake has of the days that a batch touches, in the columns of incoming_check.
create or replace temp table present_check as
select
    service,
    checked_at,
    vantage,
    status,
    latency_ms,
    http_code,
    url,
    certificate_expires_at,
    artifact_sha256,
    source_row,
    received_at,
    timezone($timezone, checked_at)::date as day
from lake_check;
