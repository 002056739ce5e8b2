-- O break_id é o do perfil com a linha e a contraparte, com o grupo, ou com a classe e a linha do que se constata; a classe não muda o de uma linha.
with told as (
  select
    b.*, coalesce(b.line_a, b.line_b) as named_line,
    case when json_valid(b.explain) then b.explain::json->>'pass' end as pass_name
  from numbered_breaks as b
)
select
  t.break_id, t.class,
  short_id(s.profile || ':' || case
    when t.class = 'group_sum_mismatch' then g.group_id || ':'
    when t.named_line is null then t.class || ':' || t.row_id
    else t.row_id || ':' || coalesce(t.counterpart_row_id, '')
  end) as expected
from told as t
cross join settings as s
left join passes as p on p.name = t.pass_name
left join group_ids as g on g.position = p.position and g.side = t.side and g.line_no = t.named_line
where t.break_id is distinct from expected
