-- Codes that HTTP does not have.
select * from {{ source('bench', 'batch') }} where http_code < 100 or http_code > 599
