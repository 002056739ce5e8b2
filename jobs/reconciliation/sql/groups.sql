-- Group pass: keys and currencies that rows of both sides share, with how many rows and how much each side has.
with sums as (
  select
    match_key,
    currency,
    max(tolerance) as tolerance,
    count(*) filter (where side = 'A') as count_a,
    count(*) filter (where side = 'B') as count_b,
    cast(sum(case when side = 'A' then cast(value as decimal(38, 0)) else 0 end) as decimal(38, 0)) as group_amount_a,
    cast(sum(case when side = 'B' then cast(value as decimal(38, 0)) else 0 end) as decimal(38, 0)) as group_amount_b
  from open_rows
  where match_key is not null
  group by match_key, currency
)
select
  match_key,
  currency,
  substr(sha256(concat($pass, ':', currency, ':', match_key)), 1, 32) as group_id,
  count_a,
  count_b,
  group_amount_a,
  group_amount_b,
  abs(group_amount_a - group_amount_b) <= tolerance
    or abs(group_amount_a - group_amount_b) * 10000 <= abs(group_amount_a) * $basis_points as agrees
from sums
where count_a > 0 and count_b > 0
