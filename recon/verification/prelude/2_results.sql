-- The results, numbered: a pair, a group or a break of its own is one; the lines of entries that each has; and sums of
-- them, made from the entries and not from what the results say.
create table numbered_matches as
select
  *, case when match_id is null then row else min(row) over (partition by match_id) end as number
from (select *, row_number() over () as row from matches);

create table numbered_breaks as
select
  *, case class when 'group_sum_mismatch' then min(row) over (partition by break_id) else row end as number
from (select *, row_number() over () as row from breaks);

create view match_pairs as select * from numbered_matches where kind = 'pair';

-- What passes paired: matches, and the pairs that they would be but for a wrong fee.
create view paired as
select pass_name, class, line_a, line_b from match_pairs
union all
select case when json_valid(explain) then explain::json->>'pass' end, class, line_a, line_b
from breaks where class = 'fee_mismatch' and line_a is not null;

-- Breaks that take no line: the row is matched or broken elsewhere, and the explanation names its line.
create view findings as
select *, case when json_valid(explain) then (explain::json->>'line')::bigint end as line_no
from numbered_breaks where line_a is null and line_b is null;

create table result_lines as
with results as (
  select 'matches' as source, number, pass_name, class, line_a, line_b from numbered_matches
  union all
  select 'breaks', number, null, class, line_a, line_b from numbered_breaks
)
select source, number, pass_name, class, 'A' as side, line_a as line_no from results where line_a is not null
union all
select source, number, pass_name, class, 'B', line_b from results where line_b is not null;

-- A − B of each result, by currency: two where a pair has two currencies.
create table differences as
select
  r.source, r.number, r.class, c.outcome, e.currency,
  sum(case e.side when 'A' then e.amount else -e.amount::hugeint end) as delta
from result_lines as r
join entries as e using (side, line_no)
left join classes as c using (class)
group by all;

create table totals as
with by_currency as (
  select
    currency,
    count(*) filter (side = 'A') as rows_a,
    count(*) filter (side = 'B') as rows_b,
    coalesce(sum(amount) filter (side = 'A'), 0) as total_a,
    coalesce(sum(amount) filter (side = 'B'), 0) as total_b
  from entries
  group by currency
), gross as (
  select currency, sum(abs(delta)) as gross from differences where outcome = 'break' group by currency
), matched as (
  select
    e.currency,
    coalesce(sum(e.amount) filter (side = 'A'), 0) as matched_a,
    coalesce(sum(e.amount) filter (side = 'B'), 0) as matched_b
  from result_lines as r
  join entries as e using (side, line_no)
  where r.source = 'matches'
  group by e.currency
)
select
  t.*, total_a - total_b as net, coalesce(gross, 0) as gross,
  coalesce(matched_a, 0) as matched_a, coalesce(matched_b, 0) as matched_b
from by_currency as t
left join gross using (currency)
left join matched using (currency);

create table class_counts as
select class, count(distinct number) as count from numbered_matches group by class
union all
select class, count(distinct number) from numbered_breaks group by class;

create table run_counts as
select
  (select count(distinct number) from numbered_matches) as matches,
  count(distinct number) filter (outcome = 'break') as breaks,
  count(distinct number) filter (outcome = 'pending') as pending,
  count(distinct number) filter (material) as material_breaks
from numbered_breaks
left join classes using (class);

create table bridge_lines as
select currency, 'total_a' as line, rows_a as count, total_a as amount from totals
union all
select currency, 'total_b', rows_b, total_b from totals
union all
select currency, 'net', rows_a + rows_b, net from totals
union all
select currency, class, count(*), sum(delta) from differences group by all;
