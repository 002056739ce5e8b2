-- What is not in the tables of a result: the profile, and the manifests where a run left them.

-- key_columns without the currency, unless it is all. pairs_all: exact by amount and not unique, so that equal rows pair
-- one to one until a side has none left; one_id: by the external id. banking: its days are banking days.
create table passes (
  position int, name varchar, kind varchar, key_columns varchar[], compared varchar, bps int,
  first_day int, last_day int, banking boolean, is_unique boolean, pairs_all boolean, one_id boolean, suggests boolean
);
-- Limits in minor units, of the known currencies that occur in the entries: what may not be passed is rounded down, what
-- must be reached is rounded up.
create table tolerances (position int, currency varchar, abs_limit hugeint);
create table materiality (currency varchar, break_limit hugeint, net_limit hugeint, gross_limit hugeint);
-- waits: how many days a row of the side waits for one of the other, which is the grace of the other.
create table sides (side varchar, waits int, banking boolean);
-- fee_by: the column whose value has a rate; reversal_on: what a reversal and its original have in common. Both null where
-- the profile says nothing of it. has_reference: side A is a file of its own.
create table settings (
  profile varchar, max_candidates int, buckets int[], fee_by varchar, reversal_on varchar[], has_reference boolean
);
create table fee_rates (value varchar, bps int);
create table fee_tolerances (currency varchar, abs_limit hugeint);
create table reversal_kinds (kind varchar);
-- Only where something counts banking days.
create table holidays (day date);

-- The figures of each stage; what each stage says it read, and its hash as found here; the files of the manifests.
create table documents (name varchar, doc json);
create table inputs (stage varchar, name varchar, named varchar, found varchar);
create table files (
  stage varchar, name varchar, sha256 varchar, found_sha256 varchar, rows bigint, found_rows bigint
);
