-- Um grupo conciliado é de um só passe, chave e moeda, e tem todas as linhas delas, dos dois lados.
with rows as (
  select m.number, p.position, a.key, a.currency, a.line_no
  from numbered_matches as m
  left join passes as p on p.name = m.pass_name and p.kind = 'group'
  left join available as a
    on a.position = p.position and a.taken = p.position
    and a.side = case when m.line_a is null then 'B' else 'A' end and a.line_no = coalesce(m.line_a, m.line_b)
  where m.kind = 'group'
), taken as (
  select number, count(*) as rows, count(distinct (position, key, currency)) as keys, count(line_no) as found,
    any_value(position) as position, any_value(key) as key, any_value(currency) as currency
  from rows
  group by number
), whole as (
  select position, key, currency, count(*) as rows_of_group, count(distinct side) as sides
  from available
  group by all
)
select t.*, w.rows_of_group, w.sides
from taken as t
left join whole as w using (position, key, currency)
where t.keys <> 1 or t.found <> t.rows or t.rows is distinct from w.rows_of_group or w.sides <> 2
