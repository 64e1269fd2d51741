-- A new version is a new row; a known one was seen again.
update open_data.dataset
set last_seen = greatest(last_seen, $received_at::timestamptz)
from compared
where
    dataset.feed_id = $feed_id
    and dataset.dataset_id = compared.dataset_id
    and dataset.version = compared.version
    and compared.outcome = 'unchanged';

insert into open_data.dataset by name
select
    $feed_id as feed_id,
    $government_code as government_code,
    dataset_id, version, title, description, publisher, keywords, themes, spatial, temporal, license, contact, landing_page, issued, modified,
    modified_at, distributions,
    $received_at as first_seen,
    $received_at as last_seen,
    null as deleted_at,
    $batch_id as batch_id,
    $artifact_sha256 as artifact_sha256,
    source_row
from compared
where outcome <> 'unchanged'
order by source_row;

-- What a dataset offers comes with its version, and goes with it.
delete from open_data.distribution
where feed_id = $feed_id and dataset_id in (select dataset_id from compared where outcome <> 'unchanged');

insert into open_data.distribution by name
select
    $feed_id as feed_id,
    $government_code as government_code,
    compared.dataset_id,
    compared.version,
    offered.* replace (try_cast(offered.byte_size as bigint) as byte_size),
    $batch_id as batch_id,
    $artifact_sha256 as artifact_sha256
from compared
inner join offered using (source_row)
where compared.outcome <> 'unchanged'
order by source_row, position;
