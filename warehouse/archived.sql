-- What the warehouse was made of: one row per record that the archive should have of it, what that is known by there, and the bytes it speaks of, if any.
select feed_id || ': ' || source_name as name, 'artifact' as kind, [feed_id, sha256] as known_by, sha256, bytes
from meta.artifact
union all
select feed_id || ': ' || file_name, 'delivered', [feed_id, artifact_sha256, file_name, sha256], sha256, bytes
from core.evidence_file
union all
select feed_id || ': ' || source_name, 'batch', [feed_id, batch_id], null, null
from meta.batch
union all
select 'release of ' || period, 'release', [release_id], null, null
from meta.release
order by all;
