-- The readiness table: one row per government, agency, quarter, instrument and stage of the newest releases.
select
    government.name || case when latest.agency_code <> '-' then ' / ' || coalesce(agency.name, latest.agency_code) else '' end as government,
    latest.period,
    latest.instrument_id as instrument,
    latest.stage,
    latest.index_value as "index",
    coalesce(latest.predicate, '(' || latest.low || ' to ' || latest.high || ')') as predicate,
    round(100 * latest.answered_weight) || ' %' as answered
from readiness.latest_index as latest
left join ref.government as government on government.code = latest.government_code
left join ref.agency as agency on agency.government_code = latest.government_code and agency.code = latest.agency_code
order by government, latest.period, latest.instrument_id, list_position(['self', 'document', 'interview', 'final', 'published'], latest.stage);
