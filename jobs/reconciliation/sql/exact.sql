-- Exact pass: sole pairs, and the rows of a crowded block one to one in their places.
with pairs as (
  select line_a, line_b, currency from $sole_pairs
  union all
  select a.line_no as line_a, b.line_no as line_b, a.currency
  from $crowded as a
  join $crowded as b on a.block = b.block and a.place = b.place
  where a.side = 'A' and b.side = 'B' and a.place <= a.pairs
)
select
  $pass as pass_name,
  line_a,
  line_b,
  currency,
  cast(0 as decimal(38, 0)) as delta,
  cast(0 as decimal(38, 0)) as value_delta,
  cast(0 as int) as delta_days
from pairs
