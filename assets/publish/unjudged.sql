-- Releases and rolled-up feeds whose invariants nobody has judged: a run was killed in between, and the next one has not got there yet.
select 'index_score' as rule_id, release.release_id as batch_id
from meta.release as release
anti join quality.expectation_result as result on result.batch_id = release.release_id
union all
select 'service_day', rolled_up.feed_id
from uptime.rolled_up as rolled_up
anti join quality.expectation_result as result on result.batch_id = 'service_day:' || rolled_up.feed_id
order by all;
