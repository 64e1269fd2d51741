-- What every way of staging checks says of a place, an address, a moment, a number of seconds since 1970.
create or replace temp macro vantage_of(vantage) as coalesce(nullif(trim(vantage), ''), '-');
create or replace temp macro host_in(url) as nullif(regexp_extract(lower(url), '^([a-z][a-z0-9+.-]*://)?([^/?#]*@)?([^/:?#]+)', 3), '');

-- Years before 1990 and from 2200 on are a clock gone wrong; of a check those before 2018 too, where the quarters of this system begin: a device without a
-- battery starts in 1990, 2000 or 2017.
create or replace temp macro is_plausible(moment) as moment between '1990-01-01'::timestamptz and '2200-01-01'::timestamptz;
create or replace temp macro is_plausible_check(moment) as moment between '2018-01-01'::timestamptz and '2200-01-01'::timestamptz;
create or replace temp macro is_plausible_second(second) as second between epoch('1990-01-01'::timestamptz) and epoch('2200-01-01'::timestamptz);

-- Since 1990, clocks have been put forward or back at full minutes only: it is enough to ask it of each minute.
create or replace temp macro minute_of(moment) as epoch_us(moment) // 60000000;
create or replace temp macro period_in(minute, zone) as
    year(timezone(zone, to_timestamp(minute * 60))) || '-Q' || quarter(timezone(zone, to_timestamp(minute * 60)));
create or replace temp macro day_in(minute, zone) as timezone(zone, to_timestamp(minute * 60))::date;

create or replace temp type period_name as enum (  -- of all plausible checks, in any zone
    select year || '-Q' || quarter from range(2017, 2201) as years (year) cross join range(1, 5) as quarters (quarter) order by all
);

-- Grain: name in a column of many rows and mostly few values; of an address, its host. Kept, since each scan of Arrow would take a millisecond.
create or replace temp table name_of_column as
select
    of_column,
    name,
    case when of_column = 'url' then host_in(name) end as host
from incoming_name;
