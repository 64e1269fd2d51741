-- Grain: file of the lake that is let go of: its day ended before what is kept, and its checks are counted.
create or replace temp table let_go as
select listed.*
from meta.lake_partition as listed
semi join uptime.read_file as counted
    on counted.feed_id = listed.feed_id and counted.day = listed.day and counted.sha256 = listed.sha256
where
    listed.feed_id = $feed_id
    and listed.last_at < $before::timestamptz
    and timezone($timezone, (listed.day + 1)::timestamp) < $before::timestamptz;

insert into meta.lake_deletion by name
select *, $before::timestamptz as kept_from, $known_at::timestamptz as deleted_at
from let_go
order by day;

delete from meta.lake_partition
using let_go
where lake_partition.feed_id = let_go.feed_id and lake_partition.day = let_go.day;
