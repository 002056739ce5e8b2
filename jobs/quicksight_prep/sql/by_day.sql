-- What each side posted on each day in each currency.
select
  posted_on,
  currency,
  cast(coalesce(sum(amount) filter (where side = 'A'), 0) as decimal(38, 0)) as amount_a,
  cast(coalesce(sum(amount) filter (where side = 'B'), 0) as decimal(38, 0)) as amount_b
from entries
group by posted_on, currency
order by currency, posted_on
