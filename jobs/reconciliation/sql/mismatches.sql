-- Pairs that fail one criterion of a pass (the first such pass counts), each the only such pair of both its rows.
with one_failure as (
  select
    line_a,
    line_b,
    min(pass_number) as pass_number,
    arg_min(first_failure, pass_number) as class
  from near
  where failures = 1
  group by line_a, line_b
), alone as (
  select *
  from one_failure
  qualify count(*) over (partition by line_a) = 1 and count(*) over (partition by line_b) = 1
)
select alone.line_a, alone.line_b, alone.pass_number, alone.class
from alone
anti join set_aside as a on a.line_no = alone.line_a
anti join set_aside as b on b.line_no = alone.line_b
