-- A diferença de valor de cada conciliação cabe na tolerância do passe (absoluta ou em pontos-base, inclusive).
select m.pass_name, m.line_a, m.line_b, a.amount as amount_a, b.amount as amount_b, a.abs_limit, p.bps
from paired as m
join passes as p on p.name = m.pass_name
join seen_rows as a on a.position = p.position and a.side = 'A' and a.line_no = m.line_a
join seen_rows as b on b.position = p.position and b.side = 'B' and b.line_no = m.line_b
where not amount_fits(a.amount, b.amount, a.abs_limit, p.bps)
