-- Grain: quarter, feed, service. The sums of its days. What is left of the quarter is unknown, as far as it is service time: the days before the first
-- check, and once the quarter is over those after the feed's latest day too. A running quarter is counted up to that day.
create or replace temp table final_quarter as  -- of feeds that have let go of all its checks: what the settings say now is not asked of it any more
select distinct feed_id
from uptime.service_quarter
where
    period = $period
    and coalesce(last_day, $last_day::date) = $last_day::date
    and feed_id in (select feed_id from meta.lake_deletion where day > $last_day::date);

delete from uptime.service_quarter
where
    (period = $period and feed_id not in (select feed_id from final_quarter))
    or period < $first_period;  -- what is before it is no quarter of this system

insert into uptime.service_quarter by name
with summed as (
    select
        service_day.feed_id,
        service_day.service_id,
        any_value(service_day.government_code) as government_code,
        any_value(service_day.agency_code) as agency_code,
        sum(service_day.up_s)::bigint as up_s,
        sum(service_day.down_s)::bigint as down_s,
        sum(service_day.unknown_s)::bigint as unknown_s,
        sum(service_day.maintenance_s)::bigint as maintenance_s,
        sum(service_day.off_hours_s)::bigint as off_hours_s,
        sum(service_day.checks)::bigint as checks,
        sum(service_day.failed_checks)::bigint as failed_checks
    from uptime.service_day as service_day
    where service_day.day between $first_day and $last_day and service_day.feed_id not in (select feed_id from final_quarter)
    group by all
),

latest as (  -- the feed's latest day, in the zone of each service
    select
        feed_id,
        service_id,
        max(day) as day
    from uptime.service_day
    group by feed_id, service_id
),

service_end as (
    select
        summed.feed_id,
        summed.service_id,
        coalesce(government.timezone, 'UTC') as zone,
        case
            when timezone(zone, $now::timestamptz)::date > $last_day::date then $last_day::date
            else least(latest.day, $last_day::date)
        end as last_day
    from summed
    inner join latest using (feed_id, service_id)
    left join ref.government as government on government.code = summed.government_code
),

unwatched_open as (  -- of services that have hours
    select
        service_hours.feed_id,
        service_hours.service_id,
        coalesce(sum(epoch_us(service_hours.closes_at) - epoch_us(service_hours.opens_at)), 0)::bigint // 1000000 as open_s
    from uptime.service_hours as service_hours
    inner join service_end using (feed_id, service_id)
    anti join uptime.service_day as watched using (feed_id, service_id, day)
    where service_hours.day between $first_day and service_end.last_day
    group by all
),

local_incident as (
    select
        incident.feed_id,
        incident.service_id,
        timezone(government.timezone, incident.started_at)::date as first_day,
        coalesce(timezone(government.timezone, incident.ended_at)::date > service_end.last_day, true) as is_open_at_end,
        service_end.last_day,
        coalesce(
            epoch_us(incident.started_at)
            - lag(epoch_us(incident.ended_at)) over (partition by incident.feed_id, incident.service_id order by incident.started_at)
            < rolled_up.flapping_s * 1000000,
            false
        ) as is_flapping
    from uptime.incident as incident
    inner join ref.government as government on government.code = incident.government_code
    inner join service_end using (feed_id, service_id)
    left join uptime.rolled_up as rolled_up using (feed_id)
),

incident as (
    select
        feed_id,
        service_id,
        count(*) filter (where first_day between $first_day and $last_day) as incidents,
        count(*) filter (where first_day between $first_day and $last_day and not is_flapping) as incidents_merged,
        count(*) filter (where first_day <= last_day and is_open_at_end) as open_incidents
    from local_incident
    group by feed_id, service_id
),

whole as (
    select
        summed.*,
        service_end.last_day,
        (
            epoch_us(timezone(service_end.zone, (service_end.last_day + 1)::timestamp))
            - epoch_us(timezone(service_end.zone, $first_day::date::timestamp))
        ) // 1000000 as quarter_s,
        quarter_s - up_s - down_s - unknown_s - maintenance_s - off_hours_s as unwatched_s,
        coalesce(unwatched_open.open_s, unwatched_s) as unwatched_open_s
    from summed
    inner join service_end using (feed_id, service_id)
    left join unwatched_open using (feed_id, service_id)
),

reckoned as (
    select
        whole.* replace (
            whole.unknown_s + unwatched_open_s as unknown_s,
            whole.off_hours_s + unwatched_s - unwatched_open_s as off_hours_s
        ),
        service.objective,
        coalesce(incident.incidents, 0) as incidents,
        coalesce(incident.incidents_merged, 0) as incidents_merged,
        coalesce(incident.open_incidents, 0) as open_incidents
    from whole
    left join ref.service as service on service.feed_id = whole.feed_id and service.code = whole.service_id
    left join incident on incident.feed_id = whole.feed_id and incident.service_id = whole.service_id
),

judged as (
    select
        *,
        up_s / nullif(up_s + down_s, 0) as availability,
        up_s / nullif(up_s + down_s + unknown_s, 0) as availability_strict,
        (up_s + down_s + maintenance_s) / nullif(quarter_s - off_hours_s, 0) as coverage
    from reckoned
)

select
    $period as period,
    feed_id,
    service_id,
    government_code,
    agency_code,
    up_s,
    down_s,
    unknown_s,
    maintenance_s,
    off_hours_s,
    checks,
    failed_checks,
    availability,
    availability_strict,
    coverage,
    objective,
    1 - (1 - availability) / nullif(1 - objective, 0) as error_budget_remaining,
    incidents,
    incidents_merged,
    open_incidents,
    down_s / nullif(incidents, 0) as mttr_s,
    up_s / nullif(incidents, 0) as mtbf_s,
    case
        when objective is null or availability is null or coverage is null or coverage < 0.95 then 'insufficient_data'
        when availability >= objective then 'met'
        else 'missed'
    end as verdict,
    last_day
from judged
order by feed_id, service_id;
