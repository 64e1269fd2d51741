-- The only pass over all checks. It runs as it stands on DuckDB and on Spark, over two tables, in which moments are microseconds since 1970:
--   lake_check (service, vantage, checked_us, status, latency_ms, url, certificate_us, day): the checks, and the day of their file
--   segment (service, vantage, file_day, segment_id, day_id, from_us, until_us, max_hold_us): where days, and spans of them, begin and end;
--     max_hold_us is the same in all
-- What it finds is small, and all that the rest of the reckoning asks for.

-- Grain: service, vantage, address and certificate, as checks bear them.
create or replace temporary view target_seen as
select
    service,
    vantage,
    url,
    certificate_us,
    min(checked_us) as first_us,
    max(checked_us) as last_us
from lake_check
group by service, vantage, url, certificate_us;

-- Grain: check. State: 0 up, 1 down, 2 maintenance, 3 unknown.
create or replace temporary view timed_check as
select
    segment.segment_id,
    segment.day_id,
    lake_check.checked_us,
    case lake_check.status when 'up' then 0 when 'down' then 1 when 'maintenance' then 2 else 3 end as state,
    case when lake_check.status = 'up' then lake_check.latency_ms end as latency_ms
from lake_check
inner join segment
    on
        segment.service = lake_check.service
        and segment.vantage = lake_check.vantage
        and segment.file_day = lake_check.day
        and lake_check.checked_us >= segment.from_us
        and lake_check.checked_us < segment.until_us;

-- Grain: service, local day (day_id).
create or replace temporary view day_seen as
select
    day_id,
    count(*) as checks,
    count(*) filter (where state = 1) as failed_checks,
    percentile(latency_ms, from_json('[0.5, 0.95, 0.99]', 'array<double>')) as latency_ms
from timed_check
group by day_id;

-- Grain: run of checks within a segment that say the same, none of them later than max_hold after the one before.
create or replace temporary view run_seen as
with told_check as (  -- moment and state in one number: they are sorted, and compared with their neighbours, at half the cost
    select segment_id, checked_us * 4 + state as told
    from timed_check
),

neighboured as (
    select
        segment_id,
        told,
        lag(told) over in_turn as told_before,
        lead(told) over in_turn as told_after,
        row_number() over in_turn as place
    from told_check
    window in_turn as (partition by segment_id order by told)
),

edge as (  -- the first check of each run, and the last of the segment
    select *
    from (
        select
            *,
            told_before is null or told_before % 4 <> told % 4 or told - told_before > (select max(max_hold_us) * 4 from segment) as begins
        from neighboured
    ) as judged
    where begins or told_after is null
),

followed as (
    select
        *,
        lead(begins) over in_turn as begins_after,
        lead(place) over in_turn as place_after,
        lead(told) over in_turn as edge_after,
        lead(told_before) over in_turn as told_before_edge
    from edge
    window in_turn as (partition by segment_id order by place)
),

bounded as (
    select
        segment_id,
        told % 4 as state,
        told as first_told,
        case when place_after is null then told when begins_after then told_before_edge else edge_after end as last_told,
        case when place_after is null then 1 when begins_after then place_after - place else place_after - place + 1 end as checks
    from followed
    where begins
)

select
    segment_id,
    case state when 0 then 'up' when 1 then 'down' when 2 then 'maintenance' else 'unknown' end as status,
    cast((first_told - state) / 4 as bigint) as first_us,
    cast((last_told - state) / 4 as bigint) as last_us,
    checks
from bounded;
