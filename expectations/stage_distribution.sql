-- Grain: distribution of one feed, with the licence of its dataset. `row_key`: artifact, record of the dataset, position in it.
create or replace temp table batch as
select
    row_number() over (order by distribution.dataset_id, distribution.position) as source_row,
    distribution.artifact_sha256 || ':' || distribution.source_row || '.' || distribution.position as row_key,
    distribution.* exclude (source_row),
    coalesce(distribution.download_url, distribution.access_url) as address,
    dataset.license as dataset_license
from open_data.distribution as distribution
left join (select distinct dataset_id, version, license from open_data.dataset where feed_id = $feed_id) as dataset using (dataset_id, version)
where distribution.feed_id = $feed_id;
