-- Cada linha que fica aberta, ou de que se constata algo, tem o seu row_id: o do conteúdo e do número entre as iguais.
with said as (
  select number, 'A' as side, line_a as line_no, case side when 'A' then row_id else counterpart_row_id end as row_id
  from numbered_breaks where line_a is not null
  union all
  select number, 'B', line_b, case side when 'B' then row_id else counterpart_row_id end
  from numbered_breaks where line_b is not null
  union all
  select number, side, line_no, row_id from findings
)
select s.side, s.line_no, s.row_id, r.row_id as expected
from said as s
left join row_ids as r using (side, line_no)
where s.row_id is distinct from r.row_id
