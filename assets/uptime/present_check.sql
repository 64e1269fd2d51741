-- Grain: service, vantage, moment. What the lake has of the days that a batch touches, in the columns of incoming_check. Files of older versions have
-- neither vantage nor certificate.
create or replace temp table present_check as
with lake as (
    select * from incoming_check where false
    union all by name
    select *, timezone($timezone, checked_at)::date as day from read_parquet($files, hive_partitioning = false, union_by_name = true)
)

select * replace (coalesce(vantage, '-') as vantage)
from lake;
