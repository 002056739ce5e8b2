-- One round of a tolerance pass: of the rivals that are left, the pairs that are closest for both their rows.
-- A tie is no match, but of rows that are equal in every field: they pair in the order of their lines.
with ranked as (
  select
    *,
    rank() over (partition by line_a order by abs(value_delta), abs(delta_days)) as rank_a,
    rank() over (partition by line_b order by abs(value_delta), abs(delta_days)) as rank_b
  from rivals
), tied as (
  select
    *,
    min(first_b) over (partition by line_a, rank_a) = max(first_b) over (partition by line_a, rank_a) as suits_a,
    min(first_a) over (partition by line_b, rank_b) = max(first_a) over (partition by line_b, rank_b) as suits_b
  from ranked
), closest as (
  select
    *,
    dense_rank() over (partition by first_a, first_b order by line_a) as place_a,
    dense_rank() over (partition by first_a, first_b order by line_b) as place_b
  from tied
  where rank_a = 1 and rank_b = 1 and suits_a and suits_b
)
select pass_name, line_a, line_b, currency, delta, value_delta, delta_days
from closest
where place_a = place_b
