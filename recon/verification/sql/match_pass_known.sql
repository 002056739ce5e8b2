-- Cada conciliação é de um passe do perfil que concilia (e não só sugere): um par de linhas, ou linhas de um grupo.
select m.pass_name, m.kind, m.line_a, m.line_b, m.match_id
from matches as m
left join passes as p on p.name = m.pass_name and not p.suggests
where p.name is null
  or m.kind is distinct from case p.kind when 'group' then 'group' else 'pair' end
  or (m.kind = 'pair' and (m.line_a is null or m.line_b is null or m.match_id is not null))
  or (m.kind = 'group' and ((m.line_a is null) = (m.line_b is null) or m.match_id is null))
