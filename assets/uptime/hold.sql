-- Grain: check, local day, span of the day: how long each check speaks for a service, cut where days and spans end; what lies in maintenance or off
-- hours is left out. A check holds until the service's next one, at most max_hold, the last one at most until the feed's latest check: that piece has no length.
create or replace temp table piece as
with hold as (
    select
        *,
        least(
            coalesce(lead(checked_at) over (partition by service_id order by checked_at), $latest_at::timestamptz),
            checked_at + to_seconds($max_hold_s)
        ) as until_at
    from probe
),

day_piece as (
    select service_id, checked_at, day, status, checked_at as from_at, least(until_at, day_until_at) as until_at
    from hold
    union all
    select hold.service_id, hold.checked_at, local_day.day, hold.status, local_day.from_at, least(hold.until_at, local_day.until_at) as until_at
    from hold
    inner join service_now on service_now.code = hold.service_id
    inner join local_day
        on local_day.timezone = service_now.timezone and local_day.from_at >= hold.day_until_at and local_day.from_at < hold.until_at
    where hold.until_at > hold.day_until_at
),

cut as (
    select
        *,
        greatest(until_at, from_at + to_microseconds(1)) as reach_at
    from day_piece
)

select
    cut.service_id,
    cut.checked_at,
    cut.day,
    cut.status,
    greatest(cut.from_at, coalesce(span.from_at, cut.from_at)) as from_at,
    least(cut.until_at, coalesce(span.until_at, cut.until_at)) as until_at
from cut
left join span
    on span.service_id = cut.service_id and span.day = cut.day and span.from_at < cut.reach_at and span.until_at > cut.from_at
where span.status is null;
