-- Num passe com unique, nenhum dos dois lados tinha outro candidato.
with pairs as (
  select p.position, p.bps, p.first_day, p.last_day, m.line_a, m.line_b
  from paired as m
  join passes as p on p.name = m.pass_name
  where p.is_unique
)
select p.position, p.line_a, p.line_b, other.line_no as other_candidate
from pairs as p
join available as a on a.position = p.position and a.side = 'A' and a.line_no = p.line_a
join available as other
  on other.position = p.position and other.side = 'B' and other.key = a.key and other.currency = a.currency
where other.line_no <> p.line_b
  and amount_fits(a.amount, other.amount, a.abs_limit, p.bps)
  and other.day - a.day between p.first_day and p.last_day
union all
select p.position, p.line_a, p.line_b, other.line_no
from pairs as p
join available as b on b.position = p.position and b.side = 'B' and b.line_no = p.line_b
join available as other
  on other.position = p.position and other.side = 'A' and other.key = b.key and other.currency = b.currency
where other.line_no <> p.line_a
  and amount_fits(other.amount, b.amount, other.abs_limit, p.bps)
  and b.day - other.day between p.first_day and p.last_day
