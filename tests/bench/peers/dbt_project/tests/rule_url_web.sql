-- Addresses that are not of the web.
select * from {{ source('bench', 'batch') }} where not (starts_with(url, 'https://') or starts_with(url, 'http://'))
