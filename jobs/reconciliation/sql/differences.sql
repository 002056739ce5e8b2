-- The differences that matches and breaks state, by class and by the currency of each side's entry.
with amounts as (
  select break_id, class, line_a as line_no, cast(amount_a as decimal(38, 0)) as amount from breaks
  union all
  select break_id, class, line_b as line_no, - cast(amount_b as decimal(38, 0)) as amount from breaks
), legs as (
  select amounts.break_id, amounts.class, entries.currency, amounts.amount
  from amounts
  join entries on entries.line_no = amounts.line_no
), items as (
  select class, currency, sum(amount) as delta from legs group by break_id, class, currency
), stated as (
  select class, currency, 1 as items, delta as net, abs(delta) as gross from items
  union all
  select class, currency, items, net, gross from match_sums
)
select
  class,
  currency,
  cast(sum(items) as bigint) as items,
  cast(sum(net) as decimal(38, 0)) as net,
  cast(sum(gross) as decimal(38, 0)) as gross
from stated
group by class, currency
order by currency, class
