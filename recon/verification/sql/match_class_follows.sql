-- A classe de cada conciliação segue das diferenças: de valor, tolerância; só de data, data; nenhuma, exata.
select
  m.pass_name, m.line_a, m.line_b, m.class,
  case
    when a.amount <> b.amount then 'matched_tolerance'
    when a.posted_on <> b.posted_on then 'matched_timing'
    else 'matched_exact'
  end as expected
from match_pairs as m
join entries as a on a.side = 'A' and a.line_no = m.line_a
join entries as b on b.side = 'B' and b.line_no = m.line_b
where m.class is distinct from expected
