-- Grain: one row per accepted row, with what it does to the last word on its key; `source_row` is that of its file again. Only what the files' owners have
-- said is looked at: a filter by lists reaches below the view's window, a join would not.
create or replace temp table compared as
with evidenced as (
    select
        accepted.* replace (accepted.source_row % $file_rows as source_row),
        file.batch_id,
        file.artifact_sha256,
        file.received_at,
        file.known_at,
        case
            when evidence_file is not null
                then md5(concat_ws('|', government_code, agency_code, evidence_file, coalesce(evidence_date::varchar, '')))
        end as evidence_id
    from accepted
    inner join file on file.number = accepted.source_row // $file_rows
),

mine as (
    select artifact_sha256, source_row from core.assessment where list_contains($artifacts::varchar[], artifact_sha256)
),

said as (
    select * from core.assessment_current where list_contains($governments::varchar[], government_code) and list_contains($agencies::varchar[], agency_code)
)

select
    evidenced.*,
    case
        when mine.source_row is not null then 'unchanged'
        when last_word.known_at is null then 'added'
        when last_word.received_at > evidenced.received_at then 'unchanged'
        when
            last_word.act = evidenced.act
            and last_word.value is not distinct from evidenced.value
            and last_word.explanation is not distinct from evidenced.explanation
            and last_word.evidence_id is not distinct from evidenced.evidence_id
            then 'unchanged'
        else 'updated'
    end as outcome
from evidenced
left join mine on mine.artifact_sha256 = evidenced.artifact_sha256 and mine.source_row = evidenced.source_row
left join said as last_word
    on
        last_word.government_code = evidenced.government_code
        and last_word.agency_code = evidenced.agency_code
        and last_word.period = evidenced.period
        and last_word.instrument_id = evidenced.instrument_id
        and last_word.indicator_id = evidenced.indicator_id
        and last_word.stage = evidenced.stage;
