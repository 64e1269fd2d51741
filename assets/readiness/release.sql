-- The rows of one release: components, and the indices they sum to.
insert into readiness.component_score by name
select $release_id as release_id, component.*
from readiness.component_as_of($as_of::timestamptz) as component
where component.period = $period
order by government_code, agency_code, instrument_id, stage, level, component_id;

insert into readiness.index_score by name
select $release_id as release_id, index_now.*
from readiness.index_as_of($as_of::timestamptz) as index_now
where index_now.period = $period
order by government_code, agency_code, instrument_id, stage;
