-- Grain: feed, service: name, owner and address as last seen, under the id that the settings give. Services that are silent now keep their row.
create or replace temp table service_now as
with seen as (
    select
        service as match,
        arg_max(url, last_at) filter (where url is not null) as url,
        max(last_at) filter (where url is not null) as url_at,
        min(first_at) as first_at
    from uptime.target
    where feed_id = $feed_id
    group by service
)

select
    coalesce(service_setting.id, seen.match) as code,
    any_value(coalesce(service_setting.name, service_setting.id, seen.match)) as name,
    any_value(coalesce(service_setting.government, $government_code)) as government_code,
    any_value(coalesce(service_setting.agency, '-')) as agency_code,
    arg_max(seen.url, seen.url_at) as url,
    coalesce(any_value(service_setting.objective), $objective) as objective,
    coalesce(min(service_setting.maintenance_cap_s), $maintenance_cap_s) as maintenance_cap_s,
    any_value(coalesce(government.timezone, $timezone)) as timezone,
    timezone(any_value(coalesce(government.timezone, $timezone)), min(seen.first_at))::date as first_day,
    list(seen.match) as matches
from seen
left join service_setting on service_setting.match = seen.match
left join ref.government as government on government.code = coalesce(service_setting.government, $government_code)
group by coalesce(service_setting.id, seen.match);

delete from ref.service where feed_id = $feed_id;

insert into ref.service by name
select
    $feed_id as feed_id,
    code,
    name,
    government_code,
    agency_code,
    url,
    objective,
    first_day as valid_from
from service_now
order by code;
