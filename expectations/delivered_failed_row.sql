-- Every failed row of a promoted table just judged (TEMP tables failed and batch). A row keeps the key it came with: artifact and place in it.
insert into quality.failed_row by name
select
    expectation_result.result_id,
    expectation_result.batch_id,
    expectation_result.feed_id,
    failed.rule_id,
    failed.severity,
    batch.row_key,
    failed.business_key,
    failed.row,
    failed.reason,
    null as resolved_by_batch,
    null as resolved_at
from failed
inner join batch using (source_row)
inner join quality.expectation_result as expectation_result on expectation_result.rule_id = failed.rule_id and expectation_result.batch_id = $batch_id
order by failed.rule_id, failed.source_row;
