-- A row comes out if there are none.
select 1 as empty from {{ source('bench', 'batch') }} having count(*) = 0
