-- As somas dos dois lados de um grupo conciliado cabem na tolerância do passe, e são as que a conciliação diz.
select m.pass_name, m.match_id, m.group_amount_a, g.amount_a, m.group_amount_b, g.amount_b, g.abs_limit, g.bps
from (
  select distinct pass_name, match_id, group_amount_a, group_amount_b, coalesce(line_a, line_b) as line_no,
    case when line_a is null then 'B' else 'A' end as side
  from matches where kind = 'group'
) as m
join passes as p on p.name = m.pass_name
join available as a on a.position = p.position and a.side = m.side and a.line_no = m.line_no
left join groups as g on g.position = p.position and g.key = a.key and g.currency = a.currency
where m.group_amount_a is distinct from g.amount_a or m.group_amount_b is distinct from g.amount_b
  or not amount_fits(g.amount_a, g.amount_b, g.abs_limit, g.bps)
