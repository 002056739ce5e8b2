-- Every pair of open rows that was compared, pass by pass, with what it fails there and what the pass allows.
select
  near.line_a,
  near.line_b,
  near.pass_number,
  passes.pass_name,
  near.suggests,
  near.fails_currency,
  near.fails_amount,
  near.fails_sign,
  near.fails_date,
  near.failures,
  near.delta,
  near.allowed_10000,
  near.delta_days,
  near.days_apart,
  near.first_day,
  near.last_day
from near
join passes on passes.pass_number = near.pass_number
order by near.line_a, near.line_b, near.pass_number
