-- Per statement (side, account, currency) with balances: where its first balance, what was posted after it and the breaks
-- that were found lead to, and its last balance. The first thousand, those that do not agree before the others.
with statements as (
  select
    side,
    account,
    currency,
    min(line_no) as first_line,
    max(line_no) as last_line,
    arg_min(balance, line_no) as first_balance,
    arg_max(balance, line_no) as last_balance
  from entries
  where balance is not null
  group by side, account, currency
), posted as (
  select
    statements.side,
    statements.account,
    statements.currency,
    sum(cast(entries.amount as decimal(38, 0))) as amount
  from statements
  join entries
    on entries.side = statements.side
    and entries.account is not distinct from statements.account
    and entries.currency = statements.currency
  where entries.line_no > statements.first_line and entries.line_no <= statements.last_line
  group by statements.side, statements.account, statements.currency
), broken as (
  select entries.side, entries.account, entries.currency, sum(breaks.delta) as amount
  from breaks
  join entries on entries.line_no = cast(json_extract_string(breaks.explain, '$.line') as bigint)
  where breaks.class = 'balance_break'
  group by entries.side, entries.account, entries.currency
), led as (
  select
    statements.side,
    statements.account,
    statements.currency,
    cast(
      cast(statements.first_balance as decimal(38, 0)) + coalesce(posted.amount, 0) + coalesce(broken.amount, 0)
      as decimal(38, 0)
    ) as expected,
    statements.last_balance as found
  from statements
  left join posted
    on posted.side = statements.side
    and posted.account is not distinct from statements.account
    and posted.currency = statements.currency
  left join broken
    on broken.side = statements.side
    and broken.account is not distinct from statements.account
    and broken.currency = statements.currency
)
select side, account, currency, expected, found
from led
order by case when expected = found then 1 else 0 end, side, account, currency
limit 1000
