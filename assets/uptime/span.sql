-- Grain: service, local day, span of it, for days with maintenance from `from_day` on, each cut where a window begins or ends: status is
-- maintenance, or empty where checks count as they say. Windows that overlap count once.
create or replace temp table span as
with service as (
    select
        service.code as service_id,
        coalesce(government.timezone, $timezone) as timezone
    from ref.service as service
    left join ref.government as government on government.code = service.government_code
    where service.feed_id = $feed_id
),

announced as (
    select
        service.service_id,
        service.timezone,
        maintenance.starts_at,
        maintenance.ends_at
    from uptime.maintenance as maintenance
    inner join service on maintenance.service_id in ('*', service.service_id)
    where maintenance.feed_id = $feed_id and maintenance.counts
),

announced_day as (
    select
        *,
        unnest(generate_series(
            greatest(timezone(timezone, starts_at)::date, $from_day::date)::timestamp,
            least(timezone(timezone, ends_at)::date, $latest_at::timestamptz::date + 1)::timestamp,
            interval 1 day
        ))::date as day
    from announced
),

covered as (
    select
        service_id,
        day,
        timezone(timezone, day::timestamp) as day_at,
        timezone(timezone, (day + 1)::timestamp) as next_day_at,
        greatest(starts_at, timezone(timezone, day::timestamp)) as from_at,
        least(ends_at, timezone(timezone, (day + 1)::timestamp)) as until_at
    from announced_day
),

edge as (
    select service_id, day, day_at as edge_at from covered
    union
    select service_id, day, next_day_at from covered
    union
    select service_id, day, from_at from covered
    union
    select service_id, day, until_at from covered
),

between_edges as (
    select
        service_id,
        day,
        edge_at as from_at,
        lead(edge_at) over (partition by service_id, day order by edge_at) as until_at
    from edge
)

select
    between_edges.service_id,
    between_edges.day,
    between_edges.from_at,
    between_edges.until_at,
    case when count(covered.day) > 0 then 'maintenance' end as status
from between_edges
left join covered
    on
        covered.service_id = between_edges.service_id
        and covered.day = between_edges.day
        and covered.from_at < between_edges.until_at
        and covered.until_at > between_edges.from_at
where between_edges.until_at is not null
group by all;
