-- What each pass had before it, and how it compares two rows.

create macro days_apart(day_a, day_b) as date_diff('day', day_a, day_b);
create macro amount_fits(amount_a, amount_b, abs_limit, bps) as
  abs(amount_a::hugeint - amount_b) <= abs_limit
  or abs(amount_a::hugeint - amount_b) * 10000 <= abs(amount_a::hugeint) * bps;

-- The rows that no earlier pass had taken, with their key. The currency is always compared by itself, so it is part of a
-- key only where it is all of it. Parts that are null equal each other; a key of nulls only equals nothing.
-- A pass that only suggests comes after all others. taken: the pass that took the row, null where none did. A row in two matches is another check's finding.
create table available as
with taken as (
  select r.side, r.line_no, min(p.position) as taken
  from result_lines as r
  join passes as p on p.name = r.pass_name
  group by all
), keyed as (
  select
    p.position, p.suggests, e.side, e.line_no, e.currency, e.amount, e.posted_on,
    list_transform(p.key_columns, lambda c: case c
      when 'entry_id' then e.entry_id
      when 'account' then e.account
      when 'reference' then e.reference
      when 'reference_norm' then e.reference_norm
      when 'description' then e.description
      when 'kind' then e.kind
      when 'amount' then e.amount::varchar
      when 'currency' then e.currency
      else error('unknown key column ' || c)
    end) as parts
  from entries as e
  cross join passes as p
)
select k.* exclude (parts), k.parts::json::varchar as key, t.taken, l.abs_limit
from keyed as k
left join taken as t using (side, line_no)
left join tolerances as l using (position, currency)
where len(list_filter(k.parts, lambda part: part is not null)) > 0
  and (t.taken is null or t.taken >= k.position and not k.suggests);
