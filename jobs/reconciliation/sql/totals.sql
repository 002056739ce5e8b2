-- What the two sides hold, counted from the entries alone.
select side, currency, count(*) as lines, cast(sum(cast(amount as decimal(38, 0))) as decimal(38, 0)) as amount
from entries
group by side, currency
order by currency, side
