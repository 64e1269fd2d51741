-- The quarters from one moment to another, in the zones of all governments whose services the feed has.
with zone as (
    select $timezone as timezone
    union
    select timezone from ref.government where list_contains($governments, code)
),

touched_month as (
    select unnest(generate_series(
        date_trunc('month', timezone(timezone, $from_at::timestamptz)),
        timezone(timezone, $to_at::timestamptz),
        interval 1 month
    ))::date as day
    from zone
)

select distinct year(day) || '-Q' || quarter(day) as period
from touched_month
order by period;
