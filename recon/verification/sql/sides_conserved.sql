-- Por lado e moeda, em quantidade e em valor: lançamentos = conciliados + pendentes + divergentes.
with concluded as (
  select e.side, e.currency, e.amount
  from result_lines as r
  join entries as e using (side, line_no)
  where r.source = 'matches'
  union all
  select e.side, e.currency, b.amount_a
  from breaks as b
  join entries as e on e.side = 'A' and e.line_no = b.line_a
  union all
  select e.side, e.currency, b.amount_b
  from breaks as b
  join entries as e on e.side = 'B' and e.line_no = b.line_b
), sums as (
  select side, currency, count(*) as rows, sum(amount) as amount from concluded group by all
), read as (
  select side, currency, count(*) as rows, sum(amount) as amount from entries group by all
)
select
  side, currency, read.rows as rows_read, sums.rows as rows_concluded,
  read.amount as amount_read, sums.amount as amount_concluded
from read
full join sums using (side, currency)
where read.rows is distinct from sums.rows or read.amount is distinct from sums.amount
