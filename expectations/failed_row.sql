-- Every failed row of the files just judged (TEMP tables failed and file), with its key and the reason. Of several files judged at once each row gets the
-- place back that it has in its own.
insert into quality.failed_row by name
select
    result_id,
    expectation_result.batch_id,
    expectation_result.feed_id,
    failed.rule_id,
    failed.severity,
    file.artifact_sha256 || ':' || failed.source_row % $file_rows as row_key,
    failed.business_key,
    case
        when file.number = 0 then failed.row
        else regexp_replace(failed.row, '"source_row":[0-9]+', '"source_row":' || failed.source_row % $file_rows)
    end as row,
    failed.reason,
    null as resolved_by_batch,
    null as resolved_at
from failed
inner join file on file.number = failed.source_row // $file_rows
inner join quality.expectation_result as expectation_result
    on expectation_result.rule_id = failed.rule_id and expectation_result.batch_id = file.batch_id
order by failed.rule_id, failed.source_row;
