-- Sugerido é o par aberto que cabe num passe de sugestão; o par que só tem um ao outro nele é sugerido.
with unpaired as (
  select side, line_no, class from stated
  where class in ('missing_in_a', 'missing_in_b', 'pending_in_transit', 'suggested', 'reversal_orphan')
), fitting as (
  select a.position, a.line_no as line_a, b.line_no as line_b
  from available as a
  join available as b using (position, key, currency)
  join passes as p using (position)
  anti join crowded as c using (position, key)
  semi join unpaired as ua on ua.side = a.side and ua.line_no = a.line_no
  semi join unpaired as ub on ub.side = b.side and ub.line_no = b.line_no
  where p.suggests and a.side = 'A' and b.side = 'B'
    and amount_fits(a.amount, b.amount, a.abs_limit, p.bps)
    and b.day - a.day between p.first_day and p.last_day
), sole as (
  select line_a, line_b
  from (select distinct line_a, line_b from fitting)
  qualify count(*) over (partition by line_a) = 1 and count(*) over (partition by line_b) = 1
), said as (
  select line_a, line_b from breaks where class = 'suggested'
)
select 'fits no pass that suggests' as reason, line_a, line_b
from said anti join fitting using (line_a, line_b)
union all
select 'is not suggested', line_a, line_b
from sole anti join said using (line_a, line_b)
