-- Grain: feed, name, vantage, address, certificate: what was seen of it before, and in the files that are new (`stale_file`).
create or replace temp table target_known as
select service, vantage, url, certificate_expires_at, min(first_at) as first_at, max(last_at) as last_at
from (
    select * exclude (feed_id) from uptime.target where feed_id = $feed_id
    union all by name
    select lake_target.* exclude (feed_id, day)
    from meta.lake_target as lake_target
    semi join stale_file using (day)
    where lake_target.feed_id = $feed_id
)
group by all;

delete from uptime.target where feed_id = $feed_id;

insert into uptime.target by name
select $feed_id as feed_id, * from target_known order by service, vantage, first_at, url;
