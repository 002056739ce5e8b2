-- Pairs that fail one criterion of a pass that is no mere suggestion (the first such pass counts), each the only such pair of both its rows.
with one_failure as (
  select * from near where failures = 1 and not suggests
), only_of_a as (
  select line_a, min(line_b) as line_b from one_failure group by line_a having min(line_b) = max(line_b)
), only_of_b as (
  select line_b, min(line_a) as line_a from one_failure group by line_b having min(line_a) = max(line_a)
), only_of_both as (
  select only_of_a.line_a, only_of_a.line_b
  from only_of_a
  join only_of_b on only_of_b.line_b = only_of_a.line_b and only_of_b.line_a = only_of_a.line_a
  anti join set_aside as a on a.line_no = only_of_a.line_a
  anti join set_aside as b on b.line_no = only_of_a.line_b
)
select
  only_of_both.line_a,
  only_of_both.line_b,
  arg_min(
    case
      when one_failure.fails_currency then 'currency_mismatch'
      when one_failure.fails_sign then 'sign_mismatch'
      when one_failure.fails_amount then 'amount_mismatch'
      else 'date_mismatch'
    end,
    one_failure.pass_number
  ) as class,
  min(one_failure.pass_number) as pass_number
from only_of_both
join one_failure on one_failure.line_a = only_of_both.line_a and one_failure.line_b = only_of_both.line_b
group by only_of_both.line_a, only_of_both.line_b
