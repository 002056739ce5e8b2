-- The differences that matches and breaks state, by class and by the currency of each side's entry.
with amounts as (
  select break_id, class, line_a as line_no, cast(amount_a as decimal(38, 0)) as amount from breaks
  union all
  select break_id, class, line_b as line_no, - cast(amount_b as decimal(38, 0)) as amount from breaks
), legs as (
  select amounts.break_id, amounts.class, entries.currency, amounts.amount
  from amounts
  join entries on entries.line_no = amounts.line_no
), stated as (
  select class, currency, sum(amount) as delta from legs group by break_id, class, currency
  union all
  select class, currency, delta from matches where match_id is null
  union all
  select class, currency, sum(delta) as delta from matches where match_id is not null group by match_id, class, currency
)
select
  class,
  currency,
  count(*) as items,
  cast(sum(delta) as decimal(38, 0)) as net,
  cast(sum(abs(delta)) as decimal(38, 0)) as gross
from stated
group by class, currency
order by currency, class
