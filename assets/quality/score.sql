-- Grain: quarter, government, agency, feed (and `all`), dimension (and `all`), over the current batches that count for the quarter; and, for each configured
-- government without any, one row without a score. Rows count for the government, agency and quarter they name, set aside or not; those that name no quarter
-- of their batch (`quality.batch_quarter`) count for all of its.
-- score = 1 - rows failed / rows checked, over row rules that were evaluated; nothing to check: no score, and the reason. What rules of severity
-- info find is no fault, and counts for nothing.
delete from quality.score where period = $period;

insert into quality.score by name
with outcome as (
    select
        by_owner.government_code,
        by_owner.agency_code,
        current_result.feed_id,
        current_result.dimension,
        current_result.rule_id,
        current_result.scope,
        case
            when current_result.status in ('error', 'not_evaluated') then current_result.status
            when current_result.scope = 'batch' then current_result.status
            when by_owner.evaluated_count = 0 then 'not_evaluated'
            when by_owner.unexpected_count > 0 then current_result.status
            else 'pass'
        end as status,
        by_owner.evaluated_count,
        by_owner.unexpected_count
    from quality.current_result as current_result
    inner join quality.result_by_owner as by_owner using (result_id)
    inner join quality.batch_quarter as batch_quarter on batch_quarter.batch_id = current_result.batch_id and batch_quarter.period = $period
    left join quality.batch_quarter as named on named.batch_id = current_result.batch_id and named.period = by_owner.period
    where coalesce(named.period, $period) = $period and current_result.severity <> 'info'
),

by_dimension as (
    select *, feed_id || ' ' || rule_id as feed_rule from outcome
    union all by name
    select * replace ('all' as dimension), feed_id || ' ' || rule_id as feed_rule from outcome
),

by_feed as (
    select * from by_dimension
    union all by name
    select * replace ('all' as feed_id) from by_dimension
),

summed as (
    select
        government_code,
        agency_code,
        feed_id,
        dimension,
        count(distinct feed_rule) filter (where status in ('pass', 'warn', 'fail')) as rules,
        count(distinct feed_rule) filter (where status in ('pass', 'warn', 'fail'))
            - count(distinct feed_rule) filter (where status in ('warn', 'fail')) as passed,
        coalesce(sum(evaluated_count) filter (where scope = 'row' and status in ('pass', 'warn', 'fail')), 0)::bigint as rows_checked,
        coalesce(sum(unexpected_count) filter (where scope = 'row' and status in ('pass', 'warn', 'fail')), 0)::bigint as rows_failed
    from by_feed
    group by government_code, agency_code, feed_id, dimension
),

without_data as (
    select code as government_code
    from ref.government
    where configured and code not in (select government_code from summed)
)

select
    $period as period,
    *,
    case when rows_checked > 0 then 1 - rows_failed / rows_checked end as score,
    case when rows_checked = 0 then 'no rule had a row to check' end as reason
from summed
union all by name
select
    $period as period,
    government_code,
    '-' as agency_code,
    '-' as feed_id,
    'all' as dimension,
    null as score,
    0 as rules,
    0 as passed,
    0 as rows_checked,
    0 as rows_failed,
    'no data for this quarter' as reason
from without_data
order by feed_id, government_code, agency_code, dimension;

delete from quality.scored_batch where period = $period;

insert into quality.scored_batch by name select period, batch_id from quality.batch_quarter where period = $period;
