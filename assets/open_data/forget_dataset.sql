-- What older readers or older rules made of the feed's replies gives way: the first reply that is read again begins the history anew, and all others follow
-- in the order they came. So an upgraded warehouse says what a rebuilt one does.
create or replace temp table older_batch as
select batch_id
from meta.batch
where feed_id = $feed_id and (parser_version, suite_version) <> ($parser_version, $suite_version);

delete from open_data.distribution where feed_id = $feed_id and batch_id in (from older_batch);

delete from open_data.dataset where feed_id = $feed_id and batch_id in (from older_batch);
