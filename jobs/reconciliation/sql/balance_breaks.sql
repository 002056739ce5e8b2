-- Entries whose balance is not the one before it plus what was posted since, by side, account and currency, in the
-- order of the file. The next balance is then compared with this one, so that each fault is told once.
with running as (
  select
    *,
    sum(cast(amount as decimal(38, 0))) over (
      partition by side, account, currency order by line_no rows between unbounded preceding and current row
    ) as posted
  from entries
), opened as (
  select
    *,
    cast(balance as decimal(38, 0)) - posted as opening,
    lag(cast(balance as decimal(38, 0)) - posted) over (
      partition by side, account, currency order by line_no
    ) as opening_before
  from running
  where balance is not null
)
select
  line_no,
  side,
  currency,
  balance,
  cast(opening_before + posted as decimal(38, 0)) as expected
from opened
where opening <> opening_before

