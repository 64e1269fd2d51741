-- Grain: feed, service whose certificate was seen: the one seen last, of several seen then the one that ends first, as of the feed's latest check.
delete from uptime.certificate where feed_id = $feed_id;

insert into uptime.certificate by name
select
    $feed_id as feed_id,
    service_now.code as service_id,
    service_now.government_code,
    service_now.agency_code,
    target.url,
    target.certificate_expires_at as expires_at,
    target.last_at as seen_at,
    $latest_at::timestamptz as as_of,
    (epoch_us(target.certificate_expires_at) - epoch_us($latest_at::timestamptz)) / 86400000000 as days_left
from uptime.target as target
inner join service_now on list_contains(service_now.matches, target.service)
where target.feed_id = $feed_id and target.certificate_expires_at is not null
qualify row_number() over (partition by service_now.code order by target.last_at desc, target.certificate_expires_at, target.url) = 1
order by service_id;
