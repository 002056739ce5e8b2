-- Sem contraparte dentro do prazo do seu lado é pendente, com a data em que deixa de ser; a partir dela, divergência.
select s.side, s.line_no, s.class, b.break_on, d.class as expected, d.late_on
from stated as s
join derived as d using (side, line_no)
join (select number, break_on from numbered_breaks) as b using (number)
where s.class in ('missing_in_a', 'missing_in_b', 'pending_in_transit')
  and d.class in ('missing_in_a', 'missing_in_b', 'pending_in_transit')
  and (s.class <> d.class or b.break_on is distinct from case s.class when 'pending_in_transit' then d.late_on end)
