-- By how much what was compared differs in the matches, by currency: the differences inside the tolerances.
with matched as (
  select currency, value_delta as delta
  from pairs
  union all
  select currency, max(group_amount_a) - max(group_amount_b) as delta
  from group_rows
  group by match_id, currency
)
select
  currency,
  cast(sum(delta) as decimal(38, 0)) as net,
  cast(sum(abs(delta)) as decimal(38, 0)) as gross
from matched
group by currency
order by currency
