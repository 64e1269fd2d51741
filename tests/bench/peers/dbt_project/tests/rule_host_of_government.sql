-- Hosts of others.
select * from {{ source('bench', 'batch') }} where not ends_with(host, '.go.id')
