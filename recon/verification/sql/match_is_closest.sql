-- Nenhum candidato recusado era mais próximo que o escolhido: em valor e em data, sem perder em nenhum dos dois.
with pairs as (
  select
    p.position, p.bps, p.first_day, p.last_day, m.line_a, m.line_b,
    abs(a.amount::hugeint - b.amount) as apart, abs(days_apart(a.posted_on, b.posted_on)) as days
  from paired as m
  join passes as p on p.name = m.pass_name
  join available as a on a.position = p.position and a.side = 'A' and a.line_no = m.line_a
  join available as b on b.position = p.position and b.side = 'B' and b.line_no = m.line_b
  where a.amount <> b.amount or a.posted_on <> b.posted_on
), candidates as (
  select p.*, other.line_no as closer_line,
    abs(a.amount::hugeint - other.amount) as other_apart,
    abs(days_apart(a.posted_on, other.posted_on)) as other_days
  from pairs as p
  join available as a on a.position = p.position and a.side = 'A' and a.line_no = p.line_a
  join available as other
    on other.position = p.position and other.side = 'B' and other.key = a.key and other.currency = a.currency
  where amount_fits(a.amount, other.amount, a.abs_limit, p.bps)
    and other.day - a.day between p.first_day and p.last_day
  union all
  select p.*, other.line_no,
    abs(other.amount::hugeint - b.amount), abs(days_apart(other.posted_on, b.posted_on))
  from pairs as p
  join available as b on b.position = p.position and b.side = 'B' and b.line_no = p.line_b
  join available as other
    on other.position = p.position and other.side = 'A' and other.key = b.key and other.currency = b.currency
  where amount_fits(other.amount, b.amount, other.abs_limit, p.bps)
    and b.day - other.day between p.first_day and p.last_day
)
select position, line_a, line_b, apart, days, closer_line, other_apart, other_days
from candidates
where other_apart <= apart and other_days <= days and (other_apart < apart or other_days < days)
