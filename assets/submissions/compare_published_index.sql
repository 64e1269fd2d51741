-- Grain: one row per accepted row, with what it does to the last word on its key.
create or replace temp table compared as
with last_word as (
    select *
    from core.published_index
    qualify row_number() over (
        partition by government_code, period, instrument_id, component_id
        order by known_at desc, received_at desc, source_row desc
    ) = 1
)

select
    accepted.*,
    case
        when mine.source_row is not null then 'unchanged'
        when last_word.known_at is null then 'added'
        when last_word.received_at > $received_at then 'unchanged'
        when
            last_word.value = accepted.value
            and last_word.predicate is not distinct from accepted.predicate
            and last_word.source = accepted.source
            then 'unchanged'
        else 'updated'
    end as outcome
from accepted
left join core.published_index as mine on mine.artifact_sha256 = $artifact_sha256 and mine.source_row = accepted.source_row
left join last_word
    on
        last_word.government_code = accepted.government_code
        and last_word.period = accepted.period
        and last_word.instrument_id = accepted.instrument_id
        and last_word.component_id = accepted.component_id;
