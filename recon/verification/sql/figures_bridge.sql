-- A ponte do manifesto é a da tabela.
-- needs: reconciliation
with told as (
  select currency, line, label, count, amount from figures_of_bridge
), written as (
  select currency, line, label_pt, count, amount::hugeint from bridge
)
(select 'told' as source, * from (from told except all from written))
union all
(select 'written', * from (from written except all from told))
