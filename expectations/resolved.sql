-- Failed rows of earlier batches of the same suite whose key one of the files just judged (TEMP table file) brings again, without breaking the rule:
-- resolved. Rows without a whole key cannot be recognised by it; where the key does not name the government, only those of the same feed are meant.
update quality.failed_row
set resolved_by_batch = accepted_key.batch_id, resolved_at = accepted_key.known_at
from accepted_key
where
    failed_row.business_key = accepted_key.business_key
    and failed_row.batch_id <> accepted_key.batch_id
    and failed_row.resolved_by_batch is null
    and starts_with(failed_row.rule_id, $suite || '.')
    and not contains(failed_row.business_key, $missing)
    and (failed_row.feed_id = $feed_id or $key_names_government)
    and (failed_row.rule_id, failed_row.business_key) not in (select (rule_id, business_key) from failed where business_key is not null);

-- Those of the same file, judged before by other rules or other lists of names: a row of it is known by its place, whatever its key.
update quality.failed_row
set resolved_by_batch = file.batch_id, resolved_at = file.known_at
from file, accepted
where
    file.artifact_sha256 = split_part(failed_row.row_key, ':', 1)
    and accepted.source_row = file.number * $file_rows + split_part(failed_row.row_key, ':', 2)::bigint
    and failed_row.batch_id <> file.batch_id
    and failed_row.feed_id = $feed_id
    and failed_row.resolved_by_batch is null
    and starts_with(failed_row.rule_id, $suite || '.')
    and (failed_row.rule_id, accepted.source_row) not in (select (rule_id, source_row) from failed);
