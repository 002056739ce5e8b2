-- Onde um passe escolhe, o par é o mais próximo para os dois lados, em valor e depois em dias, entre o que as rodadas anteriores deixaram.
select m.pass_name, m.line_a, m.line_b
from paired as m
join passes as p on p.name = m.pass_name
anti join chosen as c on c.position = p.position and c.line_a = m.line_a and c.line_b = m.line_b
where not p.pairs_all
