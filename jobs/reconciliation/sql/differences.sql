-- The differences that matches and breaks state, by class and by the currency of each side's entry.
with legs as (
  select breaks.break_id, breaks.class, entries.currency, cast(breaks.amount_a as decimal(38, 0)) as amount
  from breaks
  join entries on entries.line_no = breaks.line_a
  union all
  select breaks.break_id, breaks.class, entries.currency, - cast(breaks.amount_b as decimal(38, 0)) as amount
  from breaks
  join entries on entries.line_no = breaks.line_b
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
