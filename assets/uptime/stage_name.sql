-- Checks are many; services, addresses, places, words and quarters are few (incoming_name). So a batch has the number of each (ENUM), in the order of text:
-- they are compared, counted, sorted and written as numbers, and read as text.
create or replace temp macro vantage_of(vantage) as coalesce(nullif(trim(vantage), ''), '-');

create or replace temp view host_of_url as
select
    name as url,
    nullif(regexp_extract(lower(name), '^([a-z][a-z0-9+.-]*://)?([^/?#]*@)?([^/:?#]+)', 3), '') as host
from incoming_name
where of_column = 'url';

create or replace temp type service_name as enum (select name from incoming_name where of_column = 'service' order by all);
create or replace temp type url_name as enum (select url from host_of_url order by all);
create or replace temp type host_name as enum (select distinct host from host_of_url where host is not null order by all);
create or replace temp table host_of as
select
    url::url_name as url,
    host::host_name as host
from host_of_url;

create or replace temp type vantage_name as enum (
    select '-' as vantage union select vantage_of(name) from incoming_name where of_column = 'vantage' order by all
);
create or replace temp type period_name as enum (  -- of all plausible checks, in any zone
    select year || '-Q' || quarter from range(2017, 2201) as years (year) cross join range(1, 5) as quarters (quarter) order by all
);
