-- Grain: outage: consecutive checks of a service that found it down, however far apart; what lies in announced maintenance or off hours neither begins
-- nor ends one. It is an incident once enough checks have failed. Reckoned again for what a change since `from_at` can have touched: each service from
-- the start of its outage that was open then, else from `from_at`.
create or replace temp table outage_from as
select
    service_id,
    least(min(started_at), $from_at::timestamptz) as from_at
from uptime.outage
where feed_id = $feed_id and coalesce(ended_at, 'infinity'::timestamptz) >= $from_at
group by service_id;

delete from uptime.outage
where feed_id = $feed_id and coalesce(ended_at, 'infinity'::timestamptz) >= $from_at;

insert into uptime.outage by name
with told as (
    select
        piece.service_id,
        piece.status = 'down' as is_down,
        piece.from_at,
        piece.until_at,
        piece.checks,
        case when piece.is_rest and not piece.is_counted then piece.checked_at end as rested_at  -- of a check outside service time that still speaks in it
    from piece
    left join outage_from using (service_id)
    where
        status in ('up', 'down')
        and piece.from_at >= coalesce(outage_from.from_at, $from_at::timestamptz)
),

placed as (
    select
        *,
        row_number() over in_turn as place,
        lead(is_down) over in_turn as goes_on,
        lead(from_at) over in_turn as next_at
    from told
    window in_turn as (partition by service_id order by from_at, until_at, is_down)
),

down as (  -- those that follow each other have the same number
    select
        *,
        place - row_number() over (partition by service_id order by place) as number
    from placed
    where is_down
),

outage as (
    select
        service_id,
        number,
        min(from_at) as started_at,
        max(next_at) filter (where not goes_on) as ended_at,
        sum(epoch_us(until_at) - epoch_us(from_at)) as down_us,
        max(until_at) as held_until_at,
        sum(checks) as failed_checks
    from down
    group by service_id, number
),

resting as (
    select
        service_id,
        number,
        count(distinct rested_at) as failed_checks
    from down
    where rested_at is not null
    group by service_id, number
),

spoken as (  -- where several vantages are asked: runs of failed checks that speak for some of the outage, which may begin before it or outlast it
    select
        outage.service_id,
        outage.number,
        epoch_us(outage.started_at) as started_us,
        epoch_us(outage.held_until_at) as held_until_us,
        outage.ended_at is null as is_open,
        epoch_us(min(said.from_at)) as first_us,
        epoch_us(said.checked_at) as last_us,
        sum(said.checks) as checks
    from outage
    inner join several using (service_id)
    inner join said on said.service_id = outage.service_id and said.status = 'down'
    where
        (said.from_at < outage.held_until_at and said.until_at > outage.started_at)
        or (said.from_at = said.until_at and said.from_at >= outage.started_at and outage.ended_at is null)  -- of the latest check, which speaks for no time
    group by outage.service_id, outage.number, outage.started_at, outage.held_until_at, outage.ended_at, said.vantage, said.checked_at
),

polled as (  -- the checks of a run being evenly spaced: not those whose successor came before the outage did, nor those made when it was over
    select
        service_id,
        number,
        sum(case
            when checks <= 1 then 1
            else
                least(checks, case
                    when is_open then 1 + (held_until_us - first_us) * (checks - 1) // (last_us - first_us)
                    else ceil((held_until_us - first_us) * (checks - 1) / (last_us - first_us))
                end)
                - least(checks - 1, greatest(0, floor((started_us - first_us) * (checks - 1) / (last_us - first_us))))
        end) as failed_checks
    from spoken
    group by service_id, number
),

counted as (
    select
        outage.* exclude (failed_checks),
        coalesce(polled.failed_checks, outage.failed_checks + coalesce(resting.failed_checks, 0))::bigint as failed_checks
    from outage
    left join resting using (service_id, number)
    left join polled using (service_id, number)
)

select
    md5(concat_ws('|', $feed_id, counted.service_id, epoch_us(counted.started_at))) as outage_id,
    $feed_id as feed_id,
    counted.service_id,
    service.government_code,
    service.agency_code,
    counted.started_at,
    counted.ended_at,
    (counted.down_us + 500000) // 1000000 as duration_s,
    counted.ended_at is null as is_open,
    counted.failed_checks,
    counted.failed_checks >= $incident_after as is_incident
from counted
inner join ref.service as service on service.feed_id = $feed_id and service.code = counted.service_id
order by counted.service_id, counted.started_at;
