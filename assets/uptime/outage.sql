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
        piece.*,
        epoch_us(until_at) - epoch_us(piece.from_at) as held_us
    from piece
    left join outage_from using (service_id)
    where
        status in ('up', 'down')
        and piece.from_at >= coalesce(outage_from.from_at, $from_at::timestamptz)
),

-- what begins, belongs to or ends an outage: most checks do not
changing as (
    select *
    from told
    qualify status = 'down' or lag(status) over (partition by service_id order by from_at) = 'down'
),

numbered as (
    select
        *,
        count(*) filter (where status = 'up') over (partition by service_id order by from_at rows between unbounded preceding and current row) as ups_before
    from changing
),

outage as (
    select
        service_id,
        ups_before,
        min(from_at) as started_at,
        sum(held_us) as down_us,
        count(distinct checked_at) as failed_checks
    from numbered
    where status = 'down'
    group by service_id, ups_before
),

recovery as (
    select service_id, ups_before, from_at as ended_at
    from numbered
    where status = 'up'
)

select
    md5(concat_ws('|', $feed_id, outage.service_id, epoch_us(outage.started_at))) as outage_id,
    $feed_id as feed_id,
    outage.service_id,
    service.government_code,
    service.agency_code,
    outage.started_at,
    recovery.ended_at,
    (outage.down_us + 500000) // 1000000 as duration_s,
    recovery.ended_at is null as is_open,
    outage.failed_checks,
    outage.failed_checks >= $incident_after as is_incident
from outage
inner join ref.service as service on service.feed_id = $feed_id and service.code = outage.service_id
left join recovery on recovery.service_id = outage.service_id and recovery.ups_before = outage.ups_before + 1
order by outage.service_id, outage.started_at;
