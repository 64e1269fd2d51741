-- Grain: service, vantage, moment. The accepted checks of this batch, and whose they are; of doubled ones, the last row. Those are sought among the keys
-- that the gate suspects: mostly there are none.
create or replace temp table incoming_artifact as
select $artifact_sha256::varchar as artifact_sha256;

create or replace temp table superseded_row as
select source_row
from accepted
where hash(service, vantage, checked_at) in (select key_hash from suspect)
qualify row_number() over (partition by service, vantage, checked_at order by source_row desc) > 1;

create or replace temp view incoming_check as
select
    accepted.service,
    accepted.checked_at,
    accepted.vantage,
    accepted.status,
    case when accepted.latency_ms between 0 and 600000 then accepted.latency_ms end as latency_ms,
    accepted.http_code,
    accepted.url,
    accepted.certificate_expires_at,
    incoming_artifact.artifact_sha256,
    accepted.source_row,
    accepted.received_at,
    accepted.day
from accepted
cross join incoming_artifact
anti join superseded_row using (source_row);
