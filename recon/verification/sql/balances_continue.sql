-- Onde o perfil o exige, os saldos de cada conta continuam: o saldo menos os lançamentos até ele é sempre o mesmo.
with running as (
  select
    side, account, currency, line_no, balance,
    balance::hugeint - sum(amount) over (partition by side, account, currency order by line_no) as opening
  from entries
  where (select balances_halt from settings)
)
select side, account, currency, min(opening) as least_opening, max(opening) as greatest_opening
from running
where balance is not null
group by side, account, currency
having count(distinct opening) > 1
