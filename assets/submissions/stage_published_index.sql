-- Grain: one row per row of the file. `value_from_domains`: the index that the published domains of the same file give, where all are there.
create or replace temp table batch as
with cell as (
    select
        source_row,
        government_code,
        upper(period) as period,
        upper(instrument_id) as instrument_id,
        component_id,
        value as value_text,
        try_cast(replace(value, ',', '.') as decimal(5, 2)) as value,
        predicate,
        note,
        source,
        case
            when regexp_full_match(upper(period), '[0-9]{4}-Q[1-4]')
                then make_date(substr(period, 1, 4)::integer, 3 * substr(period, 7, 1)::integer - 2, 1)
        end as period_first_day
    from incoming
),

root as (
    select instrument_id, component_id, weight_num, weight_den, count(*) over (partition by instrument_id) as roots
    from ref.component
    where parent_id is null
),

from_domains as (
    select
        cell.government_code,
        cell.period,
        cell.instrument_id,
        readiness.half_up(
            sum((cell.value * 100)::bigint * root.weight_num * (10 // root.weight_den)),
            100 * sum(root.weight_num * (10 // root.weight_den))
        ) as value_from_domains
    from cell
    inner join root using (instrument_id, component_id)
    where root.weight_den in (1, 2, 5, 10)
    group by all
    having count(distinct cell.component_id) = any_value(root.roots) and count(cell.value) = any_value(root.roots)
)

select
    cell.source_row,
    cell.government_code,
    cell.period,
    cell.instrument_id,
    cell.component_id,
    cell.value_text,
    cell.value,
    cell.predicate,
    cell.note,
    cell.source,
    government.code is not null as government_known,
    cell.period_first_day,
    instrument.instrument_id is not null and (cell.component_id = '-' or component.component_id is not null) as component_known,
    instrument.value_min,
    instrument.value_max,
    from_domains.value_from_domains,
    ($received_at::timestamptz at time zone coalesce(government.timezone, 'UTC'))::date as received_on
from cell
left join ref.government as government on government.code = cell.government_code
left join ref.instrument as instrument on instrument.instrument_id = cell.instrument_id
left join ref.component as component
    on component.instrument_id = cell.instrument_id and component.component_id = cell.component_id and component.level <> 'indicator'
left join from_domains
    on
        from_domains.government_code = cell.government_code
        and from_domains.period = cell.period
        and from_domains.instrument_id = cell.instrument_id
order by cell.source_row;
