-- The quarters from one moment to another, in a zone.
select distinct year(day) || '-Q' || quarter(day) as period
from (
    select unnest(generate_series(
        date_trunc('month', timezone($timezone, $from_at::timestamptz)),
        timezone($timezone, $to_at::timestamptz),
        interval 1 month
    ))::date as day
)
order by period;
