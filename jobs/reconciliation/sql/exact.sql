-- Exact pass: a block's rows pair one to one in their places; under the unique guard only a block of two rows pairs.
with pairs as (
  select line_a, line_b, currency from blocks where count_a = 1 and count_b = 1
  union all
  select a.line_no as line_a, b.line_no as line_b, blocks.currency
  from crowded as a
  join crowded as b on a.block = b.block and a.place = b.place
  join blocks on blocks.line_a = a.block
  where a.side = 'A' and b.side = 'B' and not $unique
)
select $pass as pass_name, line_a, line_b, currency, cast(0 as decimal(38, 0)) as delta, cast(0 as int) as delta_days
from pairs
