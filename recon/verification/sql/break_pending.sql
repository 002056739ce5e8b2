-- Sem contraparte dentro do prazo do seu lado é pendente; a partir dele, divergência do lado que falta.
select s.side, s.line_no, s.class, d.class as expected
from stated as s
join derived as d using (side, line_no)
where s.class in ('missing_in_a', 'missing_in_b', 'pending_in_transit')
  and d.class in ('missing_in_a', 'missing_in_b', 'pending_in_transit')
  and s.class <> d.class
