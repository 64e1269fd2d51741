-- Keys that stand in more than one row (as dbt_utils.unique_combination_of_columns has it).
select service, checked_at, count(*) as rows
from {{ source('bench', 'batch') }}
where service is not null and checked_at is not null
group by service, checked_at
having count(*) > 1
