-- Estorno sem original é o que ficou aberto sem que o arquivo tenha a linha que ele desfaz; nem se torna pendente.
select s.side, s.line_no, s.class, d.class as expected
from stated as s
join derived as d using (side, line_no)
where s.class in ('missing_in_a', 'missing_in_b', 'pending_in_transit', 'reversal_orphan')
  and (s.class = 'reversal_orphan') <> (d.class = 'reversal_orphan')
