-- Where each entry went, by the lines that matches and breaks name. Class null: nowhere. No currency: no entry.
with lines as (
  select line_a as line_no, 'A' as side, class from matches where line_a is not null
  union all
  select line_b as line_no, 'B' as side, class from matches where line_b is not null
  union all
  select line_a as line_no, 'A' as side, class from breaks where line_a is not null
  union all
  select line_b as line_no, 'B' as side, class from breaks where line_b is not null
)
select
  coalesce(entries.side, lines.side) as side,
  coalesce(entries.currency, '') as currency,
  lines.class,
  count(*) as lines,
  cast(sum(cast(coalesce(entries.amount, 0) as decimal(38, 0))) as decimal(38, 0)) as amount
from entries
full join lines on lines.line_no = entries.line_no and lines.side = entries.side
group by coalesce(entries.side, lines.side), coalesce(entries.currency, ''), lines.class
