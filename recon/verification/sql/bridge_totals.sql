-- A ponte parte dos totais dos lançamentos: ΣA, ΣB e ΣA − ΣB de cada moeda.
with written as (
  select currency, line, count, amount from bridge where line in ('total_a', 'total_b', 'net')
), expected as (
  select * from bridge_lines where line in ('total_a', 'total_b', 'net')
)
(select 'written' as bridge, * from (from written except all from expected))
union all
(select 'expected', * from (from expected except all from written))
