-- Pairs of open rows with equal keys in one pass, and which of its other criteria each fails.
with pairs as (
  select
    a.line_no as line_a,
    b.line_no as line_b,
    a.tie_break as tie_break_a,
    b.tie_break as tie_break_b,
    a.tolerance,
    abs(cast(a.value as decimal(38, 0))) * $basis_points as tolerance_10000,
    cast(a.value as decimal(38, 0)) - cast(b.value as decimal(38, 0)) as delta,
    abs(cast(a.value as decimal(38, 0)) + cast(b.value as decimal(38, 0))) as flipped_delta,
    cast(date_diff('day', a.posted_on, b.posted_on) as int) as delta_days,
    b.day_number - a.day_number as days_apart,
    a.currency <> b.currency as fails_currency
  from keys
  join open_rows as a on a.match_key = keys.match_key
  join open_rows as b on b.match_key = keys.match_key
  where a.side = 'A' and b.side = 'B'
    and keys.count_a <= $max_candidates and keys.count_b <= $max_candidates
), judged as (
  select
    *,
    abs(delta) > tolerance and abs(delta) * 10000 > tolerance_10000 as fails_amount,
    flipped_delta <= tolerance or flipped_delta * 10000 <= tolerance_10000 as is_flipped,
    days_apart not between $first_day and $last_day as fails_date
  from pairs
)
select
  $number as pass_number,
  $suggests as suggests,
  line_a,
  line_b,
  tie_break_a,
  tie_break_b,
  delta,
  delta_days,
  fails_currency,
  fails_amount and not is_flipped as fails_amount,
  fails_amount and is_flipped as fails_sign,
  fails_date,
  cast(fails_currency as int) + cast(fails_amount as int) + cast(fails_date as int) as failures
from judged
