-- Tolerance pass, first step: equal key and currency, values (amounts, or gross or net) near enough, B posted inside the
-- window of days of its calendar.
with pairs as (
  select
    a.line_no as line_a,
    b.line_no as line_b,
    a.currency,
    a.tolerance,
    abs(cast(a.value as decimal(38, 0))) * $basis_points as tolerance_10000,
    cast(a.amount as decimal(38, 0)) - cast(b.amount as decimal(38, 0)) as delta,
    cast(a.value as decimal(38, 0)) - cast(b.value as decimal(38, 0)) as value_delta,
    cast(date_diff('day', a.posted_on, b.posted_on) as int) as delta_days,
    b.day_number - a.day_number as days_apart
  from open_rows as a
  join open_rows as b on a.match_key = b.match_key and a.currency = b.currency
  where a.side = 'A' and b.side = 'B'
)
select $pass as pass_name, line_a, line_b, currency, delta, value_delta, delta_days
from pairs
where (abs(value_delta) <= tolerance or abs(value_delta) * 10000 <= tolerance_10000)
  and days_apart between $first_day and $last_day
