-- Por lado, conta e moeda: primeiro saldo + lançamentos depois dele + quebras de saldo = último saldo.
with statements as (
  select
    side, account, currency, min(line_no) as first_line, max(line_no) as last_line,
    arg_min(balance, line_no) as opened, arg_max(balance, line_no) as closed
  from entries
  where balance is not null
  group by all
), led as (
  select s.*, coalesce(sum(e.amount::hugeint), 0) as posted, coalesce(sum(f.delta), 0) as broken
  from statements as s
  left join entries as e
    on e.side = s.side and e.account is not distinct from s.account and e.currency = s.currency
    and e.line_no > first_line and e.line_no <= last_line
  left join findings as f on f.class = 'balance_break' and f.side = e.side and f.line_no = e.line_no
  group by all
)
from led where opened + posted + broken <> closed
