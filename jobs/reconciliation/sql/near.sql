-- Pairs of open rows with equal keys in one pass, and which of its other criteria each fails.
-- allowed_10000: by how many ten-thousandths of a minor unit the two may differ; days_apart: in days of the calendar.
with pairs as (
  select
    a.line_no as line_a,
    b.line_no as line_b,
    a.tie_break as tie_break_a,
    b.tie_break as tie_break_b,
    greatest(
      coalesce(a.tolerance, 0) * 10000,
      abs(cast(a.value as decimal(38, 0))) * $basis_points
    ) as allowed_10000,
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
    abs(delta) * 10000 > allowed_10000 as fails_amount,
    flipped_delta * 10000 <= allowed_10000 as is_flipped,
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
  days_apart,
  $first_day as first_day,
  $last_day as last_day,
  allowed_10000,
  fails_currency,
  fails_amount and not is_flipped as fails_amount,
  fails_amount and is_flipped as fails_sign,
  fails_date,
  cast(fails_currency as int) + cast(fails_amount as int) + cast(fails_date as int) as failures
from judged
