-- Os totais por moeda do manifesto são os das tabelas.
-- needs: reconciliation
with told as (
  select currency, rows_a, rows_b, total_a, total_b, net, gross, matched_a, matched_b from figures_of_currencies
), expected as (
  select currency, rows_a, rows_b, total_a, total_b, net, gross, matched_a, matched_b from totals
)
(select 'told' as source, * from (from told except all from expected))
union all
(select 'expected', * from (from expected except all from told))
