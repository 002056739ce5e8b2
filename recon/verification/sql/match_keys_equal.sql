-- Os dois lados de cada conciliação têm a mesma chave do passe, e ela não é nula.
select m.pass_name, m.line_a, m.line_b, a.key as key_a, b.key as key_b
from paired as m
join passes as p on p.name = m.pass_name
left join available as a on a.position = p.position and a.side = 'A' and a.line_no = m.line_a
left join available as b on b.position = p.position and b.side = 'B' and b.line_no = m.line_b
where a.key is null or b.key is null or a.key <> b.key
