-- Cada saldo é o anterior mais o que se lançou desde ele, por lado, conta e moeda; onde não é, e só aí, há uma quebra de saldo, de saldo menos esperado.
with running as (
  select
    *, sum(amount::hugeint) over (partition by side, account, currency order by line_no) as posted
  from entries
), expected as (
  select
    side, line_no,
    balance - (lag(balance) over statement + posted - lag(posted) over statement) as delta
  from running
  where balance is not null
  window statement as (partition by side, account, currency order by line_no)
  qualify delta <> 0
), said as (
  select side, line_no, delta from findings where class = 'balance_break'
)
(select 'written' as source, * from (from said except all from expected))
union all
(select 'expected', * from (from expected except all from said))
