-- Grain: feed, service: name, owner and address as last seen. Services that are silent now keep their row.
create or replace temp table service_before as
select * from ref.service where feed_id = $feed_id;

delete from ref.service where feed_id = $feed_id;

insert into ref.service by name
select
    $feed_id as feed_id,
    code,
    coalesce(service_now.name, service_before.name) as name,
    coalesce(service_now.government_code, service_before.government_code) as government_code,
    coalesce(service_now.agency_code, service_before.agency_code) as agency_code,
    coalesce(service_now.url, service_before.url) as url,
    case when service_now.code is not null then service_now.objective else service_before.objective end as objective,
    least(service_now.first_day, service_before.valid_from) as valid_from,
    service_before.valid_to
from service_now
full join service_before using (code)
order by code;
