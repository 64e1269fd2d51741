-- Grain: one row per row of a file. Its cells are read already (`cells.py`); what the rules need to know of the reference data, of the quarter
-- before and of the file's other rows stands beside them. A sheet is what one owner says in one file of one quarter, by one instrument, at one stage. Only
-- what the files' owners have said is looked at: a filter by lists reaches below the view's window, a join would not.
create or replace temp table batch as
with cell as (
    select
        incoming.source_row // $file_rows as file,
        incoming.* replace (
            case lower(incoming.act)
                when 'tarik' then 'withdrawal'
                when 'ditarik' then 'withdrawal'
                else coalesce(lower(incoming.act), 'claim')
            end as act
        ),
        nullif(
            concat_ws(
                '; ', government_code_guess, agency_code_guess, period_guess, instrument_id_guess, indicator_id_guess, stage_guess,
                value_guess, evidence_date_guess, submitted_at_guess
            ),
            ''
        ) as guesses
    from incoming
),

said as (
    select * from core.assessment_current where list_contains($governments::varchar[], government_code) and list_contains($agencies::varchar[], agency_code)
),

-- not an asof join: DuckDB walks through all pairs for it where it does not know how many rows come in
before as (
    select
        cell.source_row,
        said.period,
        said.act,
        said.value,
        said.explanation,
        said.evidence_id
    from cell
    inner join said
        on
            said.government_code = cell.government_code
            and said.agency_code = cell.agency_code
            and said.instrument_id = cell.instrument_id
            and said.indicator_id = cell.indicator_id
            and said.stage = cell.stage
            and said.period < cell.period
    where cell.act = 'claim'
    qualify row_number() over (partition by cell.source_row order by said.period desc) = 1
),

former as (
    select
        before.source_row,
        before.period,
        before.value,
        before.explanation,
        evidence.file_name as evidence_file,
        evidence.evidence_date
    from before
    left join core.evidence_claim as evidence on evidence.evidence_id = before.evidence_id
    where before.act <> 'withdrawal'
),

answers as (
    select
        cell.file,
        cell.government_code,
        cell.agency_code,
        cell.period,
        cell.instrument_id,
        cell.stage,
        count(cell.value) filter (where cell.act = 'claim') as answered,
        max(cell.value) filter (where cell.act = 'claim') as highest,
        min(cell.value) filter (where cell.act = 'claim') as lowest,
        count(*) filter (where cell.value = former.value) as as_before
    from cell
    left join former on former.source_row = cell.source_row
    group by all
),

sheet as (
    select
        answers.*,
        government.code is not null as government_known,
        answers.agency_code = '-' or agency.code is not null as agency_known,
        case
            when regexp_full_match(answers.period, '[0-9]{4}-Q[1-4]')
                then make_date(substr(answers.period, 1, 4)::integer, 3 * substr(answers.period, 7, 1)::integer - 2, 1)
        end as period_first_day,
        instrument.valid_from,
        instrument.valid_to,
        instrument.value_min,
        instrument.value_max,
        instrument.value_den,
        (list_extract($received_at::timestamptz[], answers.file + 1) at time zone coalesce(government.timezone, 'UTC'))::date as received_on
    from answers
    left join ref.government as government on government.code = answers.government_code
    left join ref.agency as agency on agency.government_code = answers.government_code and agency.code = answers.agency_code
    left join ref.instrument as instrument on instrument.instrument_id = answers.instrument_id
),

evidence_use as (
    select
        file,
        source_row,
        government_code || ' ' || agency_code || ' ' || indicator_id as used_by,
        trim(regexp_replace(unnest(string_split(lower(evidence_file), ';')), '^\s*(?:l|level|tingkat)\s*[0-5]\s*[:=]', '')) as evidence_name
    from cell
    where evidence_file is not null
),

evidence_reused as (
    select file, evidence_name, count(distinct used_by) as users
    from evidence_use
    where evidence_name <> ''
    group by file, evidence_name
    having min(used_by) <> max(used_by)
),

shared as (
    select evidence_use.source_row, max(evidence_reused.users) as users
    from evidence_use
    inner join evidence_reused on evidence_reused.file = evidence_use.file and evidence_reused.evidence_name = evidence_use.evidence_name
    group by evidence_use.source_row
),

indicator as (
    select component.instrument_id, component.component_id, evidence_rule.max_age_months
    from ref.component as component
    left join ref.evidence_rule as evidence_rule
        on evidence_rule.instrument_id = component.instrument_id and evidence_rule.indicator_id in (component.component_id, '*')
    where component.level = 'indicator'
    qualify row_number() over (partition by component.instrument_id, component.component_id order by evidence_rule.indicator_id = '*') = 1
)

select
    cell.source_row,
    cell.government_code,
    cell.agency_code,
    cell.agency_candidates,
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
    cell.guesses,
    case
        when cell.surplus <> '' then cell.surplus
        -- 2,75 without quotes is 2, and 75 as its explanation
        when cell.surplus = '' and regexp_full_match(concat(cell.value_text, ',', cell.explanation), '[0-9]+,[0-9]{1,2}')
            then concat(cell.value_text, ',', cell.explanation)
    end as surplus,
    sheet.government_known,
    sheet.agency_known,
    sheet.period_first_day,
    coalesce(
        sheet.valid_from < sheet.period_first_day + interval 3 months
        and coalesce(sheet.valid_to >= sheet.period_first_day, true),
        false
    ) as instrument_in_force,
    indicator.component_id is not null as indicator_known,
    sheet.value_min,
    sheet.value_max,
    sheet.value_den,
    last_word.value as value_before,
    sheet.received_on,
    coalesce(
        (sheet.period_first_day - to_months(indicator.max_age_months))::date,
        least(sheet.valid_from, date_trunc('year', sheet.period_first_day)::date)
    ) as evidence_from,
    former.period as former_period,
    case
        when
            former.explanation = cell.explanation
            and former.value = cell.value
            and former.evidence_file is not distinct from cell.evidence_file
            and former.evidence_date is not distinct from cell.evidence_date
            then 'penjelasan, nilai dan bukti'
        when former.period is not null and sheet.answered >= 10 and sheet.as_before = sheet.answered
            then 'semua ' || sheet.answered || ' nilai'
    end as copied,
    case when cell.evidence_file is not null then coalesce(shared.users, 1) end as evidence_users,
    sheet.answered as sheet_answers,
    coalesce(sheet.lowest = sheet.highest, false) as sheet_alike
from cell
left join sheet
    on
        sheet.file = cell.file
        and sheet.government_code is not distinct from cell.government_code
        and sheet.agency_code = cell.agency_code
        and sheet.period is not distinct from cell.period
        and sheet.instrument_id is not distinct from cell.instrument_id
        and sheet.stage is not distinct from cell.stage
left join indicator on indicator.instrument_id = cell.instrument_id and indicator.component_id = cell.indicator_id
left join said as last_word
    on
        last_word.government_code = cell.government_code
        and last_word.agency_code = cell.agency_code
        and last_word.period = cell.period
        and last_word.instrument_id = cell.instrument_id
        and last_word.indicator_id = cell.indicator_id
        and last_word.stage = cell.stage
left join former on former.source_row = cell.source_row
left join shared on shared.source_row = cell.source_row
order by cell.source_row;
