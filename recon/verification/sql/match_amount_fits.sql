-- A diferença de valor de cada conciliação cabe na tolerância do passe (absoluta ou em pontos-base, inclusive).
select m.pass_name, m.line_a, m.line_b, a.amount as amount_a, b.amount as amount_b, t.abs_limit, p.bps
from matches as m
join passes as p on p.name = m.pass_name
join entries as a on a.side = 'A' and a.line_no = m.line_a
join entries as b on b.side = 'B' and b.line_no = m.line_b
join tolerances as t on t.position = p.position and t.currency = a.currency
where not amount_fits(a.amount, b.amount, t.abs_limit, p.bps)
