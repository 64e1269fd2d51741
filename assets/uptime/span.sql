-- Grain: service, local day, span of it, for days with maintenance or service hours from `from_day` to `last_day`, cut where maintenance or an opening
-- begins or ends: status is off_hours, maintenance, or empty where checks count as they say.
create or replace temp table span as
with announced_day as (
    select
        service_id,
        timezone,
        from_at,
        counted_until_at,
        unnest(generate_series(
            greatest(timezone(timezone, from_at)::date, $from_day::date)::timestamp,
            least(timezone(timezone, counted_until_at)::date, $last_day::date)::timestamp,
            interval 1 day
        ))::date as day
    from announced
    where from_at < counted_until_at
),

hours as (
    select service_hours.service_id, service_now.timezone, service_hours.day, service_hours.opens_at, service_hours.closes_at
    from uptime.service_hours as service_hours
    inner join service_now on service_now.code = service_hours.service_id
    where service_hours.feed_id = $feed_id and service_hours.day between $from_day and $last_day
),

cut_day as (
    select service_id, timezone, day from announced_day
    union
    select service_id, timezone, day from hours
),

bounded_day as (
    select
        service_id,
        day,
        timezone(timezone, day::timestamp) as day_at,
        timezone(timezone, (day + 1)::timestamp) as next_day_at
    from cut_day
),

covered as (
    select
        bounded_day.service_id,
        bounded_day.day,
        greatest(announced_day.from_at, bounded_day.day_at) as from_at,
        least(announced_day.counted_until_at, bounded_day.next_day_at) as until_at
    from announced_day
    inner join bounded_day using (service_id, day)
),

edge as (
    select service_id, day, day_at as edge_at from bounded_day
    union
    select service_id, day, next_day_at from bounded_day
    union
    select service_id, day, from_at from covered
    union
    select service_id, day, until_at from covered
    union
    select service_id, day, opens_at from hours where opens_at is not null
    union
    select service_id, day, closes_at from hours where closes_at is not null
),

between_edges as (
    select
        service_id,
        day,
        edge_at as from_at,
        lead(edge_at) over (partition by service_id, day order by edge_at) as until_at
    from edge
),

in_maintenance as (
    select distinct between_edges.service_id, between_edges.day, between_edges.from_at
    from between_edges
    inner join covered
        on
            covered.service_id = between_edges.service_id
            and covered.day = between_edges.day
            and covered.from_at < between_edges.until_at
            and covered.until_at > between_edges.from_at
),

in_hours as (
    select distinct between_edges.service_id, between_edges.day, between_edges.from_at
    from between_edges
    inner join hours
        on
            hours.service_id = between_edges.service_id
            and hours.day = between_edges.day
            and hours.opens_at < between_edges.until_at
            and hours.closes_at > between_edges.from_at
),

calendar_day as (
    select distinct service_id, day
    from hours
)

select
    between_edges.service_id,
    between_edges.day,
    between_edges.from_at,
    between_edges.until_at,
    case
        when calendar_day.day is not null and in_hours.day is null then 'off_hours'
        when in_maintenance.day is not null then 'maintenance'
    end as status
from between_edges
left join calendar_day using (service_id, day)
left join in_hours using (service_id, day, from_at)
left join in_maintenance using (service_id, day, from_at)
where between_edges.until_at is not null;
