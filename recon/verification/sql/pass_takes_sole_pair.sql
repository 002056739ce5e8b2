-- Um passe leva todo par em que cada lado é o único candidato do outro: nenhum ficou aberto nem foi para um passe posterior.
with left_over as (
  select v.*, p.bps, p.first_day, p.last_day
  from available as v
  join passes as p using (position)
  where v.taken is distinct from v.position and p.kind = 'match' and not p.pairs_all and not p.suggests
), pairs as (
  select
    a.position, a.line_no as line_a, b.line_no as line_b,
    count(*) over (partition by a.position, a.line_no) as candidates_of_a,
    count(*) over (partition by a.position, b.line_no) as candidates_of_b
  from left_over as a
  join left_over as b using (position, key, currency)
  where a.side = 'A' and b.side = 'B'
    and amount_fits(a.amount, b.amount, a.abs_limit, a.bps)
    and b.day - a.day between a.first_day and a.last_day
), contested as (
  select a.position, a.side, a.line_no
  from left_over as a
  join available as b on b.position = a.position and b.key = a.key and b.currency = a.currency
  where a.side = 'A' and b.side = 'B' and b.taken = b.position
    and amount_fits(a.amount, b.amount, a.abs_limit, a.bps)
    and b.day - a.day between a.first_day and a.last_day
  union
  select b.position, b.side, b.line_no
  from left_over as b
  join available as a on a.position = b.position and a.key = b.key and a.currency = b.currency
  where b.side = 'B' and a.side = 'A' and a.taken = a.position
    and amount_fits(a.amount, b.amount, a.abs_limit, b.bps)
    and b.day - a.day between b.first_day and b.last_day
)
select n.name as pass_name, p.line_a, p.line_b
from pairs as p
join passes as n using (position)
anti join contested as a on a.position = p.position and a.side = 'A' and a.line_no = p.line_a
anti join contested as b on b.position = p.position and b.side = 'B' and b.line_no = p.line_b
where p.candidates_of_a = 1 and p.candidates_of_b = 1
