-- Grain: input of a quarter: the batches that speak of it and were known by then, and the settings its service-days were reckoned by.
select batch_id as input
from meta.batch
where list_contains(periods, $period) and known_at <= coalesce($as_of::timestamptz, 'infinity'::timestamptz)
union all
select rolled_up.feed_id || ' ' || rolled_up.settings_fingerprint
from uptime.rolled_up as rolled_up
where rolled_up.feed_id in (select feed_id from meta.batch where list_contains(periods, $period))
order by input;
