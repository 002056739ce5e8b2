-- A classe de cada par segue das diferenças: a do líquido, se não é a dos valores; senão, de valor, de data ou nenhuma.
select
  m.pass_name, m.line_a, m.line_b, m.class,
  case
    when sa.amount::hugeint - sb.amount <> a.amount::hugeint - b.amount then 'matched_net_of_fee'
    when a.amount <> b.amount then 'matched_tolerance'
    when a.posted_on <> b.posted_on then 'matched_timing'
    else 'matched_exact'
  end as expected
from match_pairs as m
join entries as a on a.side = 'A' and a.line_no = m.line_a
join entries as b on b.side = 'B' and b.line_no = m.line_b
join passes as p on p.name = m.pass_name
join seen_rows as sa on sa.position = p.position and sa.side = 'A' and sa.line_no = m.line_a
join seen_rows as sb on sb.position = p.position and sb.side = 'B' and sb.line_no = m.line_b
where m.class is distinct from expected
