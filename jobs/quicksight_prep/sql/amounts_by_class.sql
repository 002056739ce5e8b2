-- The differences of each class in each currency, a pair in two currencies in both; as the bridge has them, and without their signs.
with legs as (
  select break_id, class, currency, cast(amount_a as decimal(38, 0)) as amount from divergences where line_a is not null and not is_finding
  union all
  select break_id, class, currency_b, - cast(amount_b as decimal(38, 0)) from divergences where line_b is not null and not is_finding
), items as (
  select break_id, class, currency, sum(amount) as amount from legs group by break_id, class, currency
)
select
  class,
  currency,
  cast(sum(amount) as decimal(38, 0)) as net,
  cast(sum(abs(amount)) as decimal(38, 0)) as gross
from items
group by class, currency
order by class, currency
