-- Of each announced window: how much counts, and how much the cap cut off. The next run reckons both.
alter table if exists uptime.maintenance add column if not exists counted_s bigint;
alter table if exists uptime.maintenance add column if not exists over_cap_s bigint;
