-- Grain: index of one release. `levels_off`: levels of components whose contributions do not sum to the index.
create or replace temp table batch as
with level_sum as (
    select
        government_code, agency_code, period, instrument_id, stage, level,
        sum(contribution_num) as contribution_num,
        any_value(contribution_den) as contribution_den
    from readiness.component_score
    where release_id = $release_id
    group by all
),

off as (
    select
        index_score.government_code, index_score.agency_code, index_score.period, index_score.instrument_id, index_score.stage,
        count(*) filter (
            where
                level_sum.contribution_num is distinct from index_score.score_num
                or level_sum.contribution_den is distinct from index_score.score_den
        ) as levels_off
    from readiness.index_score as index_score
    inner join level_sum using (government_code, agency_code, period, instrument_id, stage)
    where index_score.release_id = $release_id
    group by all
)

select
    row_number() over (order by index_score.government_code, index_score.agency_code, index_score.stage) as source_row,
    index_score.*,
    instrument.value_min,
    instrument.value_max,
    coalesce(off.levels_off, 0) as levels_off
from readiness.index_score as index_score
inner join ref.instrument as instrument using (instrument_id)
left join off using (government_code, agency_code, period, instrument_id, stage)
where index_score.release_id = $release_id;
