-- Grain: batch, column. What the feed's last five promoted batches of the same suite looked like (age 1: the last), one row of nulls where that is not known.
with earlier as (
    select batch.batch_id, batch.read, row_number() over (order by batch.known_at desc, batch.received_at desc) as age
    from meta.batch as batch
    where
        batch.feed_id = $feed_id
        and batch.status = 'promoted'
        and batch.batch_id in (select batch_id from quality.expectation_result where suite = $suite)
    qualify age <= 5
)

select age, read, origin, column_name, rows, nulls, null_share, mean, deviation, top_values
from earlier
left join quality.column_profile using (batch_id)
order by age;
