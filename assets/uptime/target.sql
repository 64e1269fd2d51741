-- Grain: feed, name, vantage, address, certificate: what was seen of it before, and in these files.
create or replace temp table target_known as
select service, vantage, url, certificate_expires_at, min(first_at) as first_at, max(last_at) as last_at
from (
    select * exclude (feed_id) from uptime.target where feed_id = $feed_id
    union all by name
    select
        service,
        vantage,
        url,
        make_timestamptz(certificate_us) as certificate_expires_at,
        make_timestamptz(first_us) as first_at,
        make_timestamptz(last_us) as last_at
    from target_seen
)
group by all;

delete from uptime.target where feed_id = $feed_id;

insert into uptime.target by name
select $feed_id as feed_id, * from target_known order by service, vantage, first_at, url;
