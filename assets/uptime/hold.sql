-- Grain: check, local day, span of the day: how long each check speaks for a service, cut where days and spans end; what lies in maintenance or off
-- hours is left out. A check holds until the service's next one, at most max_hold, the last one at most until the feed's latest check: that piece has no length.
create or replace temp table piece as
with hold as (
    select
        service_id,
        government_code,
        agency_code,
        timezone,
        day,
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
        hold.*,
        local_day.until_at as day_until_at
    from hold
    inner join local_day on local_day.timezone = hold.timezone and local_day.day = hold.day
),

day_piece as (
    select
        service_id, government_code, agency_code, checked_at, day, status,
        checked_at as from_at,
        least(until_at, day_until_at) as until_at
    from held_day
    union all
    select
        held_day.service_id, held_day.government_code, held_day.agency_code, held_day.checked_at, local_day.day, held_day.status,
        local_day.from_at,
        least(held_day.until_at, local_day.until_at) as until_at
    from held_day
    inner join local_day
        on local_day.timezone = held_day.timezone and local_day.from_at >= held_day.day_until_at and local_day.from_at < held_day.until_at
    where held_day.until_at > held_day.day_until_at
),

cut as (
    select
        *,
        greatest(until_at, from_at + to_microseconds(1)) as reach_at
    from day_piece
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
