-- Valores e moeda de cada divergência são os dos seus lançamentos; a moeda é a do lado que a divergência nomeia.
select b.break_id, b.class, b.amount_a, a.amount as entry_a, b.amount_b, o.amount as entry_b, b.currency
from breaks as b
left join entries as a on a.side = 'A' and a.line_no = b.line_a
left join entries as o on o.side = 'B' and o.line_no = b.line_b
where (b.line_a is not null or b.line_b is not null) and (
  b.amount_a is distinct from a.amount
  or b.amount_b is distinct from o.amount
  or b.currency is distinct from coalesce(a.currency, o.currency)
  or (b.class <> 'currency_mismatch' and a.currency <> o.currency)
)
