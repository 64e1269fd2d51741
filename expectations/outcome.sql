-- Grain: rule, over some batches, with the first few failed rows.
with outcome as (
    select
        rule_id,
        list(distinct status order by status) as statuses,
        sum(element_count)::bigint as element_count,
        sum(evaluated_count)::bigint as evaluated_count,
        sum(unexpected_count)::bigint as unexpected_count,
        any_value(reproduce_sql) as reproduce_sql,
        coalesce(string_agg(observed_value, '; ' order by detected_at) filter (where scope = 'batch' and status in ('warn', 'fail', 'error')), '') as observed
    from quality.expectation_result
    where list_contains($batch_ids, batch_id)
    group by rule_id
),

few as (
    select failed_row.rule_id, batch.source_name, failed_row.business_key, failed_row.reason, failed_row.row_key
    from quality.failed_row as failed_row
    inner join meta.batch as batch using (batch_id)
    where list_contains($batch_ids, failed_row.batch_id)
    qualify row_number() over (partition by failed_row.rule_id order by batch.source_name, failed_row.row_key) <= $shown
),

sample as (
    select
        rule_id,
        list({'source': source_name, 'key': coalesce(business_key, '-'), 'reason': reason} order by source_name, row_key) as failed_rows
    from few
    group by rule_id
)

select outcome.*, coalesce(sample.failed_rows, []) as failed_rows
from outcome
left join sample using (rule_id);
