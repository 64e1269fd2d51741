-- Grain: one row per row of the file. Text becomes typed values; what the rules need to know of the reference data stands beside them.
create or replace temp table batch as
with cell as (
    select
        source_row,
        government_code,
        coalesce(agency_code, '-') as agency_code,
        upper(period) as period,
        upper(instrument_id) as instrument_id,
        indicator_id,
        case lower(stage)
            when 'mandiri' then 'self'
            when 'dokumen' then 'document'
            when 'wawancara' then 'interview'
            when 'interviu' then 'interview'
            else lower(stage)
        end as stage,
        case lower(act)
            when 'tarik' then 'withdrawal'
            when 'ditarik' then 'withdrawal'
            else coalesce(lower(act), 'claim')
        end as act,
        value as value_text,
        try_cast(replace(value, ',', '.') as decimal(5, 2)) as value,
        explanation,
        evidence_file,
        evidence_date as evidence_date_text,
        coalesce(try_cast(evidence_date as date), try_strptime(evidence_date, '%d/%m/%Y')::date) as evidence_date,
        submitted_by,
        submitted_at as submitted_at_text,
        try_cast(submitted_at as timestamptz) as submitted_at,
        case
            when regexp_full_match(upper(period), '[0-9]{4}-Q[1-4]')
                then make_date(substr(period, 1, 4)::integer, 3 * substr(period, 7, 1)::integer - 2, 1)
        end as period_first_day
    from incoming
)

select
    cell.source_row,
    cell.government_code,
    cell.agency_code,
    cell.period,
    cell.instrument_id,
    cell.indicator_id,
    cell.stage,
    cell.act,
    cell.value_text,
    case when cell.act <> 'withdrawal' then cell.value end as value,
    cell.explanation,
    cell.evidence_file,
    cell.evidence_date_text,
    cell.evidence_date,
    cell.submitted_by,
    cell.submitted_at_text,
    cell.submitted_at,
    government.code is not null as government_known,
    cell.agency_code = '-' or agency.code is not null as agency_known,
    cell.period_first_day,
    coalesce(
        instrument.valid_from < cell.period_first_day + interval 3 months
        and coalesce(instrument.valid_to >= cell.period_first_day, true),
        false
    ) as instrument_in_force,
    component.component_id is not null as indicator_known,
    instrument.value_min,
    instrument.value_max,
    instrument.value_den,
    last_word.value as value_before,
    ($received_at::timestamptz at time zone coalesce(government.timezone, 'UTC'))::date as received_on
from cell
left join ref.government as government on government.code = cell.government_code
left join ref.agency as agency on agency.government_code = cell.government_code and agency.code = cell.agency_code
left join ref.instrument as instrument on instrument.instrument_id = cell.instrument_id
left join ref.component as component
    on component.instrument_id = cell.instrument_id and component.component_id = cell.indicator_id and component.level = 'indicator'
left join core.assessment_current as last_word
    on
        last_word.government_code = cell.government_code
        and last_word.agency_code = cell.agency_code
        and last_word.period = cell.period
        and last_word.instrument_id = cell.instrument_id
        and last_word.indicator_id = cell.indicator_id
        and last_word.stage = cell.stage
order by cell.source_row;
