-- What each pass had before it, and how it compares two rows.

create macro days_apart(day_a, day_b) as date_diff('day', day_a, day_b);
-- The columns that profiles name, in one order, and their values in a row.
create macro named_columns() as
  ['entry_id', 'account', 'reference', 'reference_norm', 'description', 'counterparty', 'kind', 'group_key', 'amount', 'currency'];
create macro values_of(e) as
  [e.entry_id, e.account, e.reference, nullif(coalesce(e.reference_norm, e.reference), ''), e.description, e.counterparty, e.kind, e.group_key, e.amount::varchar, e.currency];
create macro places_of(columns) as list_transform(
  columns, lambda c: coalesce(list_position(named_columns(), c), error('unknown column ' || c))
);
-- Parts that are null equal each other; a key of nulls only is null, and equals nothing.
create macro key_of(places, e) as case
  when list_any_value(list_select(values_of(e), places)) is not null then list_select(values_of(e), places)::json::varchar
end;
create macro amount_fits(amount_a, amount_b, abs_limit, bps) as
  abs(amount_a::hugeint - amount_b) <= abs_limit
  or abs(amount_a::hugeint - amount_b) * 10000 <= abs(amount_a::hugeint) * bps;

-- Banking days counted up to each day: a weekend or holiday has the number of the banking day before it.
create table banking_days as
with bounds as (
  select
    min(e.posted_on) as first,
    greatest(max(e.posted_on), (select max(as_of) from summary)) + (select max(waits) * 2 + 30 from sides)::int as last
  from entries as e
  where exists (from passes where banking) or exists (from sides where banking)
)
select day, sum((isodow(day) < 6 and day not in (from holidays))::int) over (order by day) as number
from (select unnest(generate_series(first, last, interval 1 day))::date as day from bounds);

-- Rows that are equal in every field to another of their side, numbered in the order of the file.
create table repeated as
with contents as (
  select side, line_no, row(*columns(* exclude (line_no, reference_norm))) as content from entries
), repeats as (
  select content from contents group by content having count(*) > 1
)
select
  c.side, c.line_no,
  min(c.line_no) over (partition by c.content) as first_line,
  row_number() over (partition by c.content order by c.line_no) as occurrence
from repeats as r
join contents as c using (content);

-- Every row as each pass sees it: its key, and the day and the amount as the pass counts them. The currency is always
-- compared by itself, so it is part of a key only where it is all of it.
-- taken: the pass that took the row, null where none did. A row in two matches is another check's finding.
create table seen_rows as
with taken as (
  select side, line_no, min(p.position) as taken
  from (
    select side, line_no, pass_name from result_lines where source = 'matches'
    union all
    select 'A', line_a, pass_name from paired where class = 'fee_mismatch'
    union all
    select 'B', line_b, pass_name from paired where class = 'fee_mismatch'
  ) as r
  join passes as p on p.name = r.pass_name
  group by all
), keyed as (
  select
    p.position, p.kind, p.suggests, e.side, e.line_no, e.currency, e.posted_on,
    case when p.banking then d.number else days_apart(date '1970-01-01', e.posted_on) end as day,
    case p.compared when 'gross' then coalesce(e.gross, e.amount) when 'net' then coalesce(e.net, e.amount) else e.amount end
      as amount,
    key_of(p.places, e) as key
  from entries as e
  cross join (select *, places_of(key_columns) as places from passes) as p
  left join banking_days as d on p.banking and d.day = e.posted_on
)
select k.*, t.taken, l.abs_limit, coalesce(r.first_line, k.line_no) as equals
from keyed as k
left join taken as t using (side, line_no)
left join tolerances as l using (position, currency)
left join repeated as r using (side, line_no);

-- What the tolerances let through: by how much the matches differ in what their passes compared. A fee that the net
-- explains is no tolerance's.
create table tolerated as
select currency, abs(sum(delta)) as net, sum(abs(delta)) as gross
from (
  select r.number, s.currency, sum(case s.side when 'A' then s.amount else -s.amount::hugeint end) as delta
  from result_lines as r
  join passes as p on p.name = r.pass_name
  join seen_rows as s on s.position = p.position and s.side = r.side and s.line_no = r.line_no
  where r.source = 'matches'
  group by all
)
group by currency;

-- The rows that no earlier pass had taken. A pass that only suggests comes after all others.
create view available as
from seen_rows
where key is not null and (taken is null or taken >= position and not suggests);

-- A group pass takes all rows of both sides with one key and currency, where the sums agree.
create table groups as
select
  position, key, currency, bps, any_value(abs_limit) as abs_limit,
  sum(amount) filter (side = 'A') as amount_a, sum(amount) filter (side = 'B') as amount_b
from available
join passes using (position)
where passes.kind = 'group'
group by all
having amount_a is not null and amount_b is not null;

-- Equal in all that an exact pass compares. It takes as many rows of each side as the smaller one has. Where the larger
-- has others left, it takes none if which of them are left would be arbitrary: they differ, and are not one external id.
create table blocks as
with counted as (
  select
    position, key, currency, amount, posted_on,
    count(*) filter (side = 'A') as rows_a, count(*) filter (side = 'B') as rows_b,
    count(*) filter (side = 'A' and taken = position) as taken_a, count(*) filter (side = 'B' and taken = position) as taken_b,
    count(distinct equals) filter (side = 'A') as contents_a, count(distinct equals) filter (side = 'B') as contents_b
  from available
  where position in (select position from passes where pairs_all and not suggests)
  group by all
  having rows_a > 0 and rows_b > 0
)
select
  c.*,
  case
    when rows_a = rows_b or p.one_id or case when rows_a > rows_b then contents_a else contents_b end = 1
      then least(rows_a, rows_b)
    else 0
  end as pairs
from counted as c
join passes as p using (position);

-- What any other pass had to choose from: apart and days say how close two rows are, in this order.
create table candidates as
select
  a.position, a.line_no as line_a, b.line_no as line_b, a.equals as equals_a, b.equals as equals_b,
  abs(a.amount::hugeint - b.amount) as apart, abs(days_apart(a.posted_on, b.posted_on)) as days
from available as a
join available as b using (position, key, currency)
join passes as p using (position)
where p.kind = 'match' and not p.pairs_all and not p.suggests
  and a.side = 'A' and b.side = 'B'
  and amount_fits(a.amount, b.amount, a.abs_limit, p.bps)
  and b.day - a.day between p.first_day and p.last_day;

-- Under the unique guard whoever has only each other.
create table chosen as
select position, line_a, line_b
from candidates
where position in (select position from passes where is_unique)
qualify count(*) over (partition by position, line_a) = 1 and count(*) over (partition by position, line_b) = 1;

-- Without it the passes choose in rounds.
create table rivals as from candidates where position not in (select position from passes where is_unique);
