-- Pairs of open rows with equal keys in one pass, and which of its other criteria each fails.
with pairs as (
  select
    a.line_no as line_a,
    b.line_no as line_b,
    a.row_id as row_a,
    b.row_id as row_b,
    a.tolerance,
    abs(cast(a.amount as decimal(38, 0))) * $basis_points as tolerance_10000,
    cast(a.amount as decimal(38, 0)) - cast(b.amount as decimal(38, 0)) as delta,
    cast(a.amount as decimal(38, 0)) + cast(b.amount as decimal(38, 0)) as flipped_delta,
    cast(date_diff('day', a.posted_on, b.posted_on) as int) as delta_days,
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
    abs(flipped_delta) <= tolerance or abs(flipped_delta) * 10000 <= tolerance_10000 as is_flipped,
    delta_days not between $first_day and $last_day as fails_date
  from pairs
)
select
  $number as pass_number,
  $pass as pass_name,
  line_a,
  line_b,
  row_a,
  row_b,
  delta,
  delta_days,
  cast(fails_currency as int) + cast(fails_amount as int) + cast(fails_date as int) as failures,
  case
    when fails_currency then 'currency_mismatch'
    when fails_amount and is_flipped then 'sign_mismatch'
    when fails_amount then 'amount_mismatch'
    when fails_date then 'date_mismatch'
  end as first_failure,
  concat(
    '[',
    concat_ws(
      ',',
      case when fails_currency then '"currency"' end,
      case when fails_amount and is_flipped then '"sign"' when fails_amount then '"amount"' end,
      case when fails_date then '"date"' end
    ),
    ']'
  ) as failed
from judged
