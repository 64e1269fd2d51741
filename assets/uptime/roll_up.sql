-- The only pass over all checks. It runs as it stands on DuckDB and on Spark, over two tables, in which moments are microseconds since 1970:
--   lake_check (service, vantage, checked_us, status, latency_ms, url, certificate_us, day): the checks, and the day of their file
--   segment (service, vantage, file_day, segment_id, day_id, from_us, until_us, max_hold_us): where days, and spans of them, begin and end
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
    segment.max_hold_us,
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
with neighboured as (
    select
        segment_id,
        state,
        checked_us,
        max_hold_us,
        lag(state) over in_turn as state_before,
        lag(checked_us) over in_turn as checked_before_us,
        lead(checked_us) over in_turn as checked_after_us,
        row_number() over in_turn as place
    from timed_check
    window in_turn as (partition by segment_id order by checked_us, state)
),

edge as (  -- the first check of each run, and the last of the segment
    select
        *,
        state_before is null or state_before <> state or checked_us - checked_before_us > max_hold_us as begins
    from neighboured
    where state_before is null or state_before <> state or checked_us - checked_before_us > max_hold_us or checked_after_us is null
),

followed as (
    select
        *,
        lead(begins) over in_turn as begins_after,
        lead(place) over in_turn as place_after,
        lead(checked_us) over in_turn as edge_after_us,
        lead(checked_before_us) over in_turn as checked_before_edge_us
    from edge
    window in_turn as (partition by segment_id order by place)
)

select
    segment_id,
    case state when 0 then 'up' when 1 then 'down' when 2 then 'maintenance' else 'unknown' end as status,
    checked_us as first_us,
    case when place_after is null then checked_us when begins_after then checked_before_edge_us else edge_after_us end as last_us,
    case when place_after is null then 1 when begins_after then place_after - place else place_after - place + 1 end as checks
from followed
where begins;
