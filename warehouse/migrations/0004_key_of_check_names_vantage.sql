-- The key of a check names its vantage too. Checks of before have none; with the key as it was, what was set aside could never come right.
update quality.failed_row
set business_key = business_key || ' | -'
where starts_with(rule_id, 'check.');
