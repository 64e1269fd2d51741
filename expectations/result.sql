-- Outcomes of rules on one batch, one row each (`incoming`), with what they have in common.
insert into quality.expectation_result by name
select
    incoming.*,
    $run_id as run_id,
    $batch_id as batch_id,
    $feed_id as feed_id,
    $government_code as government_code,
    '-' as agency_code,
    $suite as suite,
    $table_name as table_name,
    $detected_at as detected_at
from incoming;
