-- Checks are many; services, addresses, places and words are few (name_of_column). So a batch has the number of each (ENUM), in the order of text: they are
-- compared, counted, sorted and written as numbers, and read as text.
create or replace temp type service_name as enum (select name from name_of_column where of_column = 'service' order by name);
create or replace temp type url_name as enum (select name from name_of_column where of_column = 'url' order by name);
create or replace temp type host_name as enum (select distinct host from name_of_column where host is not null order by host);
create or replace temp type vantage_name as enum (
    select '-' as name union select vantage_of(name) from name_of_column where of_column = 'vantage' order by name
);
create or replace temp type status_name as enum (
    select unnest(['up', 'down', 'unknown', 'maintenance']) as name
    union
    select unnest([name, lower(name)]) from name_of_column where of_column in ('status', 'success')
    order by name
);
