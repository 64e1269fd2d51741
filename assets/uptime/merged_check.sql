-- Grain: service, moment, over all days that this batch touches: what the lake has and what it gets. A correction must have been received later.
create or replace temp table merged_check as
with met as (
    select
        present,
        incoming,
        case
            when incoming.service is null then 'kept'
            when present.service is null then 'added'
            when present.received_at >= incoming.received_at then 'kept'
            when
                present.status = incoming.status
                and present.latency_ms is not distinct from incoming.latency_ms
                and present.http_code is not distinct from incoming.http_code
                then 'kept'
            else 'updated'
        end as outcome
    from present_check as present
    full join incoming_check as incoming using (service, checked_at)
)

select unnest(case when outcome = 'kept' then present else incoming end), outcome
from met;
