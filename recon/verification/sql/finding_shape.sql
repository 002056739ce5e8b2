-- Uma divergência sem linha é uma quebra de saldo ou a taxa de uma linha de lote: diz o lado, a linha e a moeda dela, e nenhum valor nem contraparte.
select f.break_id, f.class, f.side, f.line_no, f.currency, e.currency as expected
from findings as f
left join entries as e using (side, line_no)
where f.class not in ('balance_break', 'fee_mismatch')
  or e.line_no is null
  or f.currency is distinct from e.currency
  or f.amount_a is not null or f.amount_b is not null or f.counterpart_row_id is not null or f.break_on is not null
