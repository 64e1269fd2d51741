-- Grain: check. The lake's rows with the service's own id, owner and the zone its days are cut in.
create or replace temp table probe as
select
    coalesce(service_setting.id, lake.service) as service_id,
    coalesce(service_setting.name, service_setting.id, lake.service) as service_name,
    coalesce(service_setting.government, $government_code) as government_code,
    coalesce(service_setting.agency, '-') as agency_code,
    service_setting.objective,
    coalesce(government.timezone, $timezone) as timezone,
    lake.checked_at,
    lake.status,
    lake.latency_ms,
    lake.url
from read_parquet($files, hive_partitioning = false) as lake
left join service_setting on service_setting.match = lake.service
left join ref.government as government on government.code = coalesce(service_setting.government, $government_code);
