-- Pending entries by currency: how many, what they are worth, and how many become breaks on the next day.
select
  currency,
  count(distinct break_id) as items,
  cast(sum(abs(coalesce(cast(amount_a as hugeint), cast(amount_b as hugeint)))) as decimal(38, 0)) as amount,
  count(distinct break_id) filter (where break_on <= $as_of + 1) as due
from divergences
where priority = 0
group by currency
order by currency
