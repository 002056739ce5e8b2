-- The results as lines of entries: which match or break has which rows, and what it says of the difference.
create table result_lines as
with numbered as (
  select 'matches' as source, row_number() over () as number, pass_name, class, line_a, line_b from matches
  union all
  select 'breaks', -row_number() over (), null, class, line_a, line_b from breaks
)
select source, number, pass_name, class, 'A' as side, line_a as line_no from numbered where line_a is not null
union all
select source, number, pass_name, class, 'B', line_b from numbered where line_b is not null;

-- A − B of each result, by currency: two where a pair has two currencies. From the entries, not from what results say.
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

-- A 1:1 match or a break counts once, whatever its rows.
create table class_counts as
select class, count(*) as count
from (select class from matches union all select class from breaks)
group by class;

create table run_counts as
select
  (select count(*) from matches) as matches,
  count(*) filter (outcome = 'break') as breaks,
  count(*) filter (outcome = 'pending') as pending,
  count(*) filter (material) as material_breaks
from breaks
left join classes using (class);

create table bridge_lines as
select currency, 'total_a' as line, rows_a as count, total_a as amount from totals
union all
select currency, 'total_b', rows_b, total_b from totals
union all
select currency, 'net', rows_a + rows_b, net from totals
union all
select currency, class, count(*), sum(delta) from differences group by all;
