-- Suggest pass: pairs that fail nothing in it, of rows that nothing before it explains.
-- As in a tolerance pass the pair that is closest for both its rows is taken, and a tie is no suggestion.
with pairs as (
  select near.*
  from near
  anti join explained_rows as a on a.line_no = near.line_a
  anti join explained_rows as b on b.line_no = near.line_b
  where near.pass_number = $number and near.failures = 0
), ranked as (
  select
    *,
    rank() over (partition by line_a order by $choose * abs(delta), $choose * abs(delta_days)) as rank_a,
    rank() over (partition by line_b order by $choose * abs(delta), $choose * abs(delta_days)) as rank_b
  from pairs
), counted as (
  select
    *,
    count(*) over (partition by line_a, rank_a) as equals_a,
    count(*) over (partition by line_b, rank_b) as equals_b
  from ranked
)
select line_a, line_b, 'suggested' as class, pass_number
from counted
where rank_a = 1 and rank_b = 1 and equals_a = 1 and equals_b = 1
