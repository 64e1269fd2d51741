-- Grain: service, vantage, moment, over all days that this batch touches: what the lake has and what it gets. An artifact that is read again says what its
-- rows say now, whatever they said before: a row that is set aside now, or has got another time or vantage, leaves its old place ('left'), but not for being
-- older than checks are kept for. Of another artifact a correction must have been received later, and that it knows of no certificate corrects nothing.
create or replace temp table compared_check as
with reread as (
    select source_row from present_check where artifact_sha256 = $artifact_sha256
),

met as (
    select
        present,
        incoming,
        case
            when incoming.service is null
                then if(present.artifact_sha256 = $artifact_sha256 and present.checked_at >= $kept_from::timestamptz, 'left', 'kept')
            when present.service is null and incoming.source_row in (select source_row from reread) then 'updated'
            when present.service is null then 'added'
            when present.artifact_sha256 = incoming.artifact_sha256 then if(present is not distinct from incoming, 'kept', 'updated')
            when present.received_at >= incoming.received_at then 'kept'
            when
                present.status = incoming.status
                and present.latency_ms is not distinct from incoming.latency_ms
                and present.http_code is not distinct from incoming.http_code
                and (incoming.certificate_expires_at is null or present.certificate_expires_at is not distinct from incoming.certificate_expires_at)
                then 'kept'
            else 'updated'
        end as outcome
    from present_check as present
    full join incoming_check as incoming using (service, vantage, checked_at)
)

select unnest(case when outcome in ('kept', 'left') then present else incoming end), outcome
from met;

create or replace temp view merged_check as select * from compared_check;
