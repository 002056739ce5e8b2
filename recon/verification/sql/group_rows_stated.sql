-- Cada linha de um grupo conciliado diz a sua moeda e a sua parte da diferença: o valor, com sinal trocado no lado B.
select m.match_id, m.class, e.side, e.line_no, m.currency, m.delta, m.delta_days, e.amount
from matches as m
join entries as e
  on e.side = case when m.line_a is null then 'B' else 'A' end and e.line_no = coalesce(m.line_a, m.line_b)
where m.kind = 'group'
  and (
    m.class is distinct from 'matched_group'
    or m.currency is distinct from e.currency
    or m.delta is distinct from case e.side when 'A' then e.amount else -e.amount::hugeint end
    or m.delta_days is not null
  )
