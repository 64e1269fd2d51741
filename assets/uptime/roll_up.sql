-- The only pass over all checks. It runs as it stands on DuckDB and on Spark, over two tables, in which moments are microseconds since 1970:
--   lake_check (service, vantage, checked_us, status, latency_ms, day): the checks, and the day of their file; only successful ones have a latency
--   segment (service, vantage, file_day, segment_id, day_id, from_us, until_us, max_hold_us, is_whole, is_passed): where days, and spans of them, begin and
--     end; max_hold_us is the same in all. is_whole: what the file has of the service is all of its day, and nothing else. is_passed: runs of checks are
--     sought here; of the others they are known since the file was written.
-- What it finds is small, and all that the rest of the reckoning asks for.

-- Grain: service, local day (day_id). Files are counted as they are, and what is a whole day is taken from that: to seek the day of each check takes a
-- quarter longer.
create or replace temporary view latency_seen as
with whole_day as (
    select
        service,
        file_day,
        min(day_id) as day_id
    from segment
    where is_whole
    group by service, file_day
),

cut_day as (
    select
        service,
        file_day,
        day_id,
        min(from_us) as from_us,
        max(until_us) as until_us
    from segment
    where not is_whole
    group by service, file_day, day_id
),

file_seen as (
    select
        service,
        day,
        percentile(latency_ms, from_json('[0.5, 0.95, 0.99]', 'array<double>')) as latency_ms
    from lake_check
    where exists (select 1 from whole_day)
    group by service, day
)

select
    whole_day.day_id,
    file_seen.latency_ms
from file_seen
inner join whole_day on whole_day.service = file_seen.service and whole_day.file_day = file_seen.day
union all
select
    cut_day.day_id,
    percentile(lake_check.latency_ms, from_json('[0.5, 0.95, 0.99]', 'array<double>')) as latency_ms
from lake_check
inner join cut_day
    on
        cut_day.service = lake_check.service
        and cut_day.file_day = lake_check.day
        and lake_check.checked_us >= cut_day.from_us
        and lake_check.checked_us < cut_day.until_us
group by cut_day.day_id;

-- Grain: run of checks within a segment that say the same, none of them later than max_hold after the one before.
create or replace temporary view run_seen as
with told_check as (  -- moment and state in one number: they are sorted, and compared with their neighbours, at half the cost
    select
        segment.segment_id,
        lake_check.checked_us * 4
        + case lake_check.status when 'up' then 0 when 'down' then 1 when 'maintenance' then 2 else 3 end as told
    from lake_check
    inner join segment
        on
            segment.service = lake_check.service
            and segment.vantage = lake_check.vantage
            and segment.file_day = lake_check.day
            and lake_check.checked_us >= segment.from_us
            and lake_check.checked_us < segment.until_us
    where segment.is_passed
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
