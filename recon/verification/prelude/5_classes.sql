-- The class of every row that no pass took, derived anew from the entries and the profile.

create table open_rows as
select e.*
from entries as e
anti join result_lines as r
  on (r.source = 'matches' or r.class = 'fee_mismatch') and r.side = e.side and r.line_no = e.line_no;

-- Equal rows are occurrences of one. Where one of them found a counterpart all the open ones are surplus; where none did,
-- one row stands for itself and the others are surplus. Which one is which cannot be said, nor matters.
create table occurrences as
select
  r.*, o.line_no is not null as open,
  count(*) filter (o.line_no is null) over (partition by r.side, r.first_line) > 0 as one_matched
from repeated as r
left join open_rows as o on o.side = r.side and o.line_no = r.line_no;

-- Surplus for certain: equal to a matched row in every field, or in all that an exact pass compares, the other row
-- having been taken by it.
create table surplus as
select side, line_no from occurrences where open and one_matched
union
select o.side, o.line_no
from available as o
semi join available as m
  on m.taken = m.position and m.position = o.position and m.side = o.side and m.key = o.key
  and m.currency = o.currency and m.amount = o.amount and m.posted_on = o.posted_on
where o.taken is null
  and o.position in (select position from passes where pairs_all);

-- Open rows with one key, and what each pair fails. A key with more open rows on a side than the profile allows is
-- not compared row by row.
create table crowded as
select position, key
from available
where taken is null and kind = 'match'
group by all
having count(*) filter (side = 'A') > 0 and count(*) filter (side = 'B') > 0
  and greatest(count(*) filter (side = 'A'), count(*) filter (side = 'B')) > (select max_candidates from settings);

create view crowded_rows as
select distinct side, line_no from available semi join crowded using (position, key) where taken is null;

-- allowed: in ten-thousandths of a minor unit, as basis points come.
create table compared as
with compared as (
  select
    a.position, p.suggests, a.line_no as line_a, b.line_no as line_b,
    a.amount::hugeint - b.amount as delta,
    greatest(coalesce(a.abs_limit, 0) * 10000, abs(a.amount::hugeint) * p.bps) as allowed,
    days_apart(a.posted_on, b.posted_on) as days,
    b.day - a.day as days_counted, p.first_day, p.last_day,
    a.currency <> b.currency as fails_currency,
    not amount_fits(a.amount, b.amount, a.abs_limit, p.bps) as differs,
    -- What would agree with the sign turned: then it is the sign, and not the amount, that is wrong.
    differs and amount_fits(a.amount, -b.amount::hugeint, a.abs_limit, p.bps) as fails_sign,
    differs and not fails_sign as fails_amount,
    b.day - a.day not between p.first_day and p.last_day as fails_date
  from available as a
  join available as b on b.position = a.position and b.key = a.key
  join passes as p on p.position = a.position
  anti join crowded as c on c.position = a.position and c.key = a.key
  where p.kind = 'match' and a.side = 'A' and b.side = 'B' and a.taken is null and b.taken is null
)
select *, fails_currency::int + fails_sign::int + fails_amount::int + fails_date::int as failed from compared;

create view near_rows as from compared where not suggests;

create table ambiguous_rows as
select 'A' as side, line_a as line_no from near_rows where failed = 0
union
select 'B', line_b from near_rows where failed = 0;

-- A pair is a mismatch where each is the other's only candidate that fails one criterion, over all passes; the first
-- pass that says so names the criterion. Surplus and ambiguous rows are candidates, but make no pair.
create table mismatched as
with single as (
  select
    line_a, line_b,
    arg_min(
      case
        when fails_currency then 'currency' when fails_sign then 'sign'
        when fails_amount then 'amount' else 'date'
      end,
      position
    ) as criterion
  from near_rows
  where failed = 1
  group by line_a, line_b
), alone as (
  select *
  from single
  qualify count(*) over (partition by line_a) = 1 and count(*) over (partition by line_b) = 1
), certain as (
  select * from surplus union select * from ambiguous_rows
)
select line_a, line_b, criterion || '_mismatch' as class
from alone
anti join certain as a on a.side = 'A' and a.line_no = line_a
anti join certain as b on b.side = 'B' and b.line_no = line_b;

-- The first day on which a row's counterpart is late.
create table late as
select o.side, o.line_no, o.posted_on + s.waits as late_on
from open_rows as o
join sides as s using (side)
where not s.banking
union all
select o.side, o.line_no, min(d.day)
from open_rows as o
join sides as s using (side)
join banking_days as p on p.day = o.posted_on
join banking_days as d on d.day >= o.posted_on and d.number >= p.number + s.waits
where s.banking
group by o.side, o.line_no;

-- Reversals whose original the file does not have: a row of the same key and currency, of the other sign, on no later day,
-- of at least as much, for a reversal may be partial; it may be a reversal itself. One without a key has none.
create table orphans as
with keyed as (
  select e.side, e.line_no, e.kind, e.currency, e.amount, e.posted_on, key_of(s.places, e) as key
  from entries as e
  cross join (select *, places_of(reversal_on) as places from settings) as s
  where s.reversal_on is not null
)
select r.side, r.line_no
from keyed as r
anti join keyed as o
  on o.key = r.key and o.currency = r.currency and o.posted_on <= r.posted_on
  and (o.amount > 0) <> (r.amount > 0) and abs(o.amount) >= abs(r.amount)
where r.kind in (from reversal_kinds);

-- Rows whose fee is not the rate of the gross amount, rounded to the minor unit, give or take the tolerance.
create table wrong_fees as
select
  e.side, e.line_no, e.gross, e.fee, r.bps,
  abs(e.fee::hugeint * 10000 - e.gross::hugeint * r.bps) as off_by_ten_thousandths
from entries as e
cross join settings as s
join fee_rates as r on s.fee_by is not null and r.value = values_of(e)[list_position(named_columns(), s.fee_by)]
join fee_tolerances as t on t.currency = e.currency
where off_by_ten_thousandths > t.abs_limit * 10000 + 5000;

-- What an open row is if it is neither a duplicate nor of a group whose sums differ.
create table derived as
select
  o.side, o.line_no,
  case
    when u.line_no is not null then 'ambiguous'
    when a.class is not null then a.class
    when b.class is not null then b.class
    when r.line_no is not null then 'reversal_orphan'
    when s.waits > 0 and (select max(as_of) from summary) < l.late_on then 'pending_in_transit'
    when o.side = 'A' then 'missing_in_b'
    else 'missing_in_a'
  end as class,
  l.late_on
from open_rows as o
join sides as s using (side)
join late as l using (side, line_no)
left join orphans as r using (side, line_no)
left join ambiguous_rows as u using (side, line_no)
left join mismatched as a on o.side = 'A' and a.line_a = o.line_no
left join mismatched as b on o.side = 'B' and b.line_b = o.line_no;

-- What the breaks say, one line a row.
create table stated as
select 'A' as side, line_a as line_no, class, number from numbered_breaks where line_a is not null
union all
select 'B', line_b, class, number from numbered_breaks where line_b is not null;
