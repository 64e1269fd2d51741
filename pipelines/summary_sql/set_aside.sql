-- Per feed and rule: rows of its current batches that the rule set aside, and what it asks for. The twenty that most rows break.
select
    current_result.feed_id as feed,
    current_result.rule_id as rule,
    sum(current_result.unexpected_count)::bigint as rows,
    any_value(rule.sentence_en) as must_hold
from quality.current_result as current_result
inner join quality.rule as rule on rule.rule_id = current_result.rule_id and rule.valid_to is null
where current_result.status = 'fail' and current_result.severity = 'critical' and rule.scope = 'row'
group by current_result.feed_id, current_result.rule_id
order by rows desc, feed, rule
limit 20;
