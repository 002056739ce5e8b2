-- O match_id de um grupo é o do passe, da moeda e da chave.
select m.pass_name, m.match_id, g.group_id as expected, coalesce(m.line_a, m.line_b) as line_no
from matches as m
join passes as p on p.name = m.pass_name and p.kind = 'group'
left join group_ids as g
  on g.position = p.position and g.side = case when m.line_a is null then 'B' else 'A' end
  and g.line_no = coalesce(m.line_a, m.line_b)
where m.kind = 'group' and m.match_id is distinct from g.group_id
