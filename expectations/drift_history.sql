-- What TEMP table `profile` can be compared with: the feed's last five promoted batches of the same suite, `earlier`, and by aspect whether they are enough.
-- TEMP table `drift` is empty until they are compared.
create or replace temp table earlier as
select batch.batch_id, batch.read as rows, row_number() over (order by batch.known_at desc, batch.received_at desc) as age
from meta.batch as batch
where
    batch.feed_id = $feed_id
    and batch.status = 'promoted'
    and batch.batch_id in (select batch_id from quality.expectation_result where suite = $suite)
qualify age <= 5;

create or replace temp table drift_history as
select 'columns' as aspect, exists (select 1 from earlier inner join quality.column_profile using (batch_id)) as has_history
union all
select 'volume', (select count(*) >= 3 from earlier)
union all
select 'content', (select count(*) >= 3 and min(rows) >= 30 from earlier) and (select coalesce(max(rows), 0) >= 30 from profile);

create or replace temp table drift (aspect varchar, column_name varchar, finding varchar);
