-- Appends the events that say something new, and the evidence they name.
insert into core.assessment by name
select
    government_code, agency_code, period, instrument_id, indicator_id, stage, act, value, explanation, evidence_id, submitted_at,
    known_at, received_at, $feed_id as feed_id, batch_id, artifact_sha256, source_row
from compared
where outcome in ('added', 'updated')
order by known_at, batch_id, source_row;

insert into core.evidence_claim by name
select distinct evidence_id, government_code, agency_code, evidence_file as file_name, evidence_date
from compared
where
    outcome in ('added', 'updated')
    and evidence_id is not null
    and evidence_id not in (select evidence_id from core.evidence_claim)
order by all;

insert into core.submitter by name
select artifact_sha256, source_row, submitted_by
from compared
where outcome in ('added', 'updated') and submitted_by is not null
order by artifact_sha256, source_row;
