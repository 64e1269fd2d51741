-- What a judgement leaves behind, emptied before it begins. `judged` counts by file and by owner of the rows: the government, agency and quarter they name.
create or replace temp table failed (
    rule_id varchar,
    severity varchar,
    source_row bigint,
    business_key varchar,
    row json,
    reason varchar
);

create or replace temp table judged (
    rule_id varchar,
    file bigint,
    government_code varchar,
    agency_code varchar,
    period varchar,
    evaluated_count bigint,
    unexpected_count bigint
);

-- Hashes of keys that stand in more than one row: where two rows share a key, it is one of these. See `Unique`.
create or replace temp table suspect (key_columns varchar, key_hash ubigint);

create temp table if not exists drift (aspect varchar, column_name varchar, finding varchar);

create temp table if not exists drift_history (aspect varchar, has_history boolean);
