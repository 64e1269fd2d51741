-- Grain: instrument: what its weights and bands come to. Sums are exact: one denominator for all weights of an instrument.
create or replace temp table batch as
with common as (
    select instrument_id, list_reduce(list(distinct weight_den::bigint), lambda a, b: lcm(a, b)) as den
    from ref.component
    group by instrument_id
),

weight as (
    select
        component.instrument_id,
        sum(component.weight_num * (common.den // component.weight_den)) filter (where component.level = 'domain') / any_value(common.den) as domain_weight,
        sum(component.weight_num * (common.den // component.weight_den)) filter (where component.level = 'aspect') / any_value(common.den) as aspect_weight,
        sum(component.weight_num * (common.den // component.weight_den)) filter (where component.level = 'indicator') / any_value(common.den)
            as indicator_weight
    from ref.component as component
    inner join common using (instrument_id)
    group by component.instrument_id
),

denominator as (
    select instrument_id, count(*) filter (where denominators > 1) as mixed_denominators
    from (
        select instrument_id, parent_id, count(distinct weight_den) as denominators
        from ref.component
        where level = 'indicator'
        group by instrument_id, parent_id
    )
    group by instrument_id
),

band as (
    select
        instrument_id,
        count(*) as bands,
        count(*) filter (where next_min is not null and next_min <> max_exclusive) as band_gaps,
        min(min_inclusive) as lowest_band,
        max(max_exclusive) as highest_band
    from (select *, lead(min_inclusive) over (partition by instrument_id order by ordinal) as next_min from ref.band)
    group by instrument_id
)

select
    row_number() over (order by instrument.instrument_id) as source_row,
    instrument.instrument_id,
    weight.domain_weight,
    weight.aspect_weight,
    weight.indicator_weight,
    coalesce(denominator.mixed_denominators, 0) as mixed_denominators,
    coalesce(band.bands, 0) as bands,
    coalesce(band.band_gaps, 0) as band_gaps,
    band.lowest_band,
    band.highest_band,
    instrument.value_min,
    instrument.value_max
from ref.instrument as instrument
left join weight using (instrument_id)
left join denominator using (instrument_id)
left join band using (instrument_id);
