-- Grain: check, local day, span of the day: how long each check speaks for a service, cut where days and spans end; what lies in maintenance or off
-- hours is left out. A check holds until the service's next one, at most max_hold, the last one at most until the feed's latest check: that piece has no length.
create or replace temp table piece as
with hold as (
    select
        service_id,
        government_code,
        agency_code,
        timezone,
        checked_at,
        status,
        least(
            coalesce(lead(checked_at) over (partition by service_id order by checked_at), $latest_at::timestamptz),
            checked_at + to_seconds($max_hold_s)
        ) as until_at
    from probe
),

held_day as (
    select
        *,
        unnest(generate_series(
            timezone(timezone, checked_at)::date::timestamp,
            timezone(timezone, until_at)::date::timestamp,
            interval 1 day
        ))::date as day
    from hold
),

day_piece as (
    select
        service_id,
        government_code,
        agency_code,
        checked_at,
        day,
        status,
        greatest(checked_at, timezone(timezone, day::timestamp)) as from_at,
        least(until_at, timezone(timezone, (day + 1)::timestamp)) as until_at
    from held_day
),

cut as (
    select
        *,
        greatest(until_at, from_at + to_microseconds(1)) as reach_at
    from day_piece
    where until_at > from_at or from_at = checked_at
)

select
    cut.service_id,
    cut.government_code,
    cut.agency_code,
    cut.checked_at,
    cut.day,
    cut.status,
    greatest(cut.from_at, coalesce(span.from_at, cut.from_at)) as from_at,
    least(cut.until_at, coalesce(span.until_at, cut.until_at)) as until_at
from cut
left join span
    on span.service_id = cut.service_id and span.day = cut.day and span.from_at < cut.reach_at and span.until_at > cut.from_at
where span.status is null;
