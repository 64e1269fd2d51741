-- What roll_up.sql uses: functions by the names that Spark has for them, and its table of segments, which segment.sql fills.
create or replace temp macro percentile(x, parts) as quantile_cont(x, parts);
create or replace temp macro from_json(written, kind) as written::double[];

create or replace temp table segment (
    service varchar,
    vantage varchar,
    file_day date,
    segment_id integer,
    day_id integer,
    from_us bigint,
    until_us bigint,
    max_hold_us bigint,
    is_whole boolean,
    is_passed boolean
);
