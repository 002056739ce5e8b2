-- Matched pairs, classed by what differs: the amounts where what was compared agrees, else what was compared, else the
-- day, else nothing; and the rows of matched groups. Passes, kinds, classes and currencies are numbers here, so that what
-- is ordered is narrow. delta: A less B, of the pair or of what the row adds to its group.
with matched as (
  select
    $pass_number as pass_number,
    line_a,
    line_b,
    $currency_number as currency_number,
    delta,
    value_delta,
    delta_days,
    cast(null as text) as match_id,
    cast(null as decimal(38, 0)) as group_amount_a,
    cast(null as decimal(38, 0)) as group_amount_b
  from pairs
  union all
  select
    $pass_number as pass_number,
    line_a,
    line_b,
    $currency_number as currency_number,
    delta,
    cast(null as decimal(38, 0)) as value_delta,
    cast(null as int) as delta_days,
    match_id,
    group_amount_a,
    group_amount_b
  from group_rows
), in_order as (
  select * from matched order by coalesce(line_a, line_b)
)
select
  pass_number as pass_name,
  case when match_id is null then $pair else $group end as kind,
  case
    when match_id is not null then $matched_group
    when delta <> value_delta then $matched_net_of_fee
    when delta <> 0 then $matched_tolerance
    when delta_days <> 0 then $matched_timing
    else $matched_exact
  end as class,
  line_a,
  line_b,
  currency_number as currency,
  delta,
  delta_days,
  match_id,
  group_amount_a,
  group_amount_b
from in_order
