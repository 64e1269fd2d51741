-- Outcomes of rules, one row each (`incoming`), with what they have in common.
insert into quality.expectation_result by name
select
    incoming.*,
    '-' as agency_code,
    $suite as suite,
    $table_name as table_name
from incoming;
