-- Every failed row of the batch just judged (TEMP table failed), with its key and the reason.
insert into quality.failed_row by name
select
    result_id,
    expectation_result.batch_id,
    expectation_result.feed_id,
    failed.rule_id,
    failed.severity,
    $artifact_sha256 || ':' || failed.source_row as row_key,
    failed.business_key,
    failed.row,
    failed.reason,
    null as resolved_by_batch,
    null as resolved_at
from failed
inner join quality.expectation_result as expectation_result
    on expectation_result.rule_id = failed.rule_id and expectation_result.batch_id = $batch_id and expectation_result.feed_id = $feed_id
order by failed.rule_id, failed.source_row;
