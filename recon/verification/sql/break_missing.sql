-- Sem contraparte (pendente, só sugerida ou estorno sem original) é toda linha aberta que não é duplicada, ambígua nem de um par divergente.
select s.side, s.line_no, s.class, d.class as expected
from stated as s
join derived as d using (side, line_no)
where s.class not in ('duplicate_a', 'duplicate_b', 'group_sum_mismatch', 'fee_mismatch')
  and (s.class in ('missing_in_a', 'missing_in_b', 'pending_in_transit', 'suggested', 'reversal_orphan'))
    <> (d.class in ('missing_in_a', 'missing_in_b', 'pending_in_transit', 'reversal_orphan'))
