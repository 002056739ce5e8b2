-- Cada linha de classe da ponte soma o que as conciliações e divergências dessa classe somam nos lançamentos.
with written as (
  select currency, line, count, amount from bridge where line in (select class from classes)
), expected as (
  select * from bridge_lines where line not in ('total_a', 'total_b', 'net')
)
(select 'written' as bridge, * from (from written except all from expected))
union all
(select 'expected', * from (from expected except all from written))
