-- Grain: address of the batch. Of each once: checks are many, addresses few.
create or replace temp table host_of as
select
    name::url_name as url,
    host::host_name as host
from name_of_column
where of_column = 'url';
