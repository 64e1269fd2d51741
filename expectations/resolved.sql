-- Failed rows of earlier batches of the same suite whose key this batch brings again, without breaking the rule: resolved. Rows without a
-- whole key cannot be recognised; where the key does not name the government, only those of the same feed are meant.
update quality.failed_row
set resolved_by_batch = $batch_id, resolved_at = $known_at
where
    batch_id <> $batch_id
    and resolved_by_batch is null
    and starts_with(rule_id, $suite || '.')
    and not contains(business_key, $missing)
    and (feed_id = $feed_id or $key_names_government)
    and business_key in (select business_key from accepted_key)
    and (rule_id, business_key) not in (select (rule_id, business_key) from failed where business_key is not null);
