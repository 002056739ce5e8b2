-- Sem contraparte, pendente ou só sugerida é toda linha aberta que não é duplicada, ambígua nem de um par divergente.
select s.side, s.line_no, s.class, d.class as expected
from stated as s
join derived as d using (side, line_no)
where s.class not in ('duplicate_a', 'duplicate_b', 'group_sum_mismatch')
  and (s.class in ('missing_in_a', 'missing_in_b', 'pending_in_transit', 'suggested'))
    <> (d.class in ('missing_in_a', 'missing_in_b', 'pending_in_transit'))
