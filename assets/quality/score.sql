-- Grain: quarter, government, agency, feed, dimension (and `all`), over the feed's current batches that speak of the quarter.
-- score = 1 - rows failed / rows checked, over row rules that were evaluated; no rule evaluated: no score, and the reason.
delete from quality.score where period = $period;

insert into quality.score by name
with outcome as (
    select current_result.*
    from quality.current_result as current_result
    inner join meta.batch as batch using (batch_id)
    where list_contains(batch.periods, $period)
),

by_dimension as (
    select feed_id, government_code, agency_code, dimension, status, scope, evaluated_count, unexpected_count from outcome
    union all
    select feed_id, government_code, agency_code, 'all', status, scope, evaluated_count, unexpected_count from outcome
),

summed as (
    select
        government_code,
        agency_code,
        feed_id,
        dimension,
        count(*) filter (where status in ('pass', 'warn', 'fail')) as rules,
        count(*) filter (where status = 'pass') as passed,
        coalesce(sum(evaluated_count) filter (where scope = 'row' and status in ('pass', 'warn', 'fail')), 0)::bigint as rows_checked,
        coalesce(sum(unexpected_count) filter (where scope = 'row' and status in ('pass', 'warn', 'fail')), 0)::bigint as rows_failed
    from by_dimension
    group by all
)

select
    $period as period,
    *,
    case when rows_checked > 0 then 1 - rows_failed / rows_checked end as score,
    case when rows_checked = 0 then 'no rule had a row to check' end as reason
from summed
order by feed_id, dimension;
