-- Days that stand as they are in one file of the lake have their runs there. All are counted again by the next run.
alter table if exists uptime.check_day add column if not exists known_as varchar;
