-- Matched pairs, classed by what differs: the amount, else the day, else nothing.
select
  pass_name,
  'pair' as kind,
  case when delta <> 0 then 'matched_tolerance' when delta_days <> 0 then 'matched_timing' else 'matched_exact' end as class,
  line_a,
  line_b,
  currency,
  delta,
  delta_days
from pairs
order by line_a
