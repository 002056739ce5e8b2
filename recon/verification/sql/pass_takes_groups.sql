-- Um passe de grupo leva todo grupo cujas somas cabem na tolerância.
select n.name as pass_name, g.key, g.currency, g.amount_a, g.amount_b, a.side, a.line_no
from groups as g
join passes as n using (position)
join available as a using (position, key, currency)
where amount_fits(g.amount_a, g.amount_b, g.abs_limit, g.bps) and a.taken is distinct from g.position
