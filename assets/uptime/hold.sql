-- Grain: check. A check holds until the service's next one, at most max_hold, the last one at most until the feed's latest check.
create or replace temp table hold as
select
    *,
    least(
        coalesce(lead(checked_at) over (partition by service_id order by checked_at), $latest_at::timestamptz),
        checked_at + to_seconds($max_hold_s)
    ) as until_at
from probe;
