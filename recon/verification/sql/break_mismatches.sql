-- Divergência de valor, sinal, data ou moeda: um único candidato, dos dois lados, em que falha só esse critério.
with said as (
  select line_a, line_b, class
  from breaks
  where class in ('amount_mismatch', 'sign_mismatch', 'date_mismatch', 'currency_mismatch')
)
(select 'written' as source, * from (from said except all from mismatched))
union all
(select 'expected', * from (from mismatched except all from said))
