-- Per feed: rows of its current batches, and what the rules found.
with batch as (
    select feed_id, sum(read) as read, sum(rejected) as rejected
    from quality.current_batch
    group by feed_id
),

outcome as (
    select
        feed_id,
        count(distinct rule_id) filter (where status = 'pass') as passed,
        count(distinct rule_id) filter (where status = 'warn' and severity = 'warning') as warned,
        count(distinct rule_id) filter (where status = 'fail') as failed,
        count(distinct rule_id) filter (where status = 'error') as errors
    from quality.current_result
    group by feed_id
),

last_run as (
    select *
    from meta.ingest_run
    qualify row_number() over (partition by feed_id order by started_at desc) = 1
)

select
    last_run.feed_id as feed,
    last_run.status,
    coalesce(batch.read, 0) as rows,
    coalesce(batch.rejected, 0) as set_aside,
    coalesce(outcome.passed, 0) as rules_passed,
    coalesce(outcome.warned, 0) as warned,
    coalesce(outcome.failed, 0) as failed,
    coalesce(outcome.errors, 0) as errors
from last_run
left join batch using (feed_id)
left join outcome using (feed_id)
order by feed;
