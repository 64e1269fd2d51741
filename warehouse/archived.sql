-- What the warehouse was made of, as the archive should have it: one row per sidecar, with the bytes that it speaks of, if any.
select feed_id || ': ' || source_name as name, 'artifacts/' || feed_id || '/' || sha256 || '.json' as sidecar, sha256, bytes
from meta.artifact
union all
select
    feed_id || ': ' || file_name,
    'evidence/' || feed_id || '/' || left(sha256(concat_ws(chr(31), artifact_sha256, file_name, sha256)), 32) || '.json',
    sha256,
    bytes
from core.evidence_file
union all
select feed_id || ': ' || source_name, 'batches/' || feed_id || '/' || batch_id || '.json', null, null
from meta.batch
union all
select 'release of ' || period, 'releases/' || release_id || '.json', null, null
from meta.release
order by all;
