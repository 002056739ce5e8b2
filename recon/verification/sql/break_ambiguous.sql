-- Ambígua é a linha aberta que tem um candidato aberto em que nada falha: escolher seria adivinhar.
select s.side, s.line_no, s.class, d.class as expected
from stated as s
join derived as d using (side, line_no)
where s.class not in ('group_sum_mismatch', 'fee_mismatch')
  and (s.class = 'ambiguous') <> (d.class = 'ambiguous')
