-- Matched pairs, classed by what differs: the amounts where what was compared agrees, else what was compared, else the
-- day, else nothing; and the rows of matched groups.
-- delta: A less B, of the pair or of what the row adds to its group.
with classed_matches as (
  select
    pass_name,
    'pair' as kind,
    case
      when delta <> value_delta then 'matched_net_of_fee'
      when delta <> 0 then 'matched_tolerance'
      when delta_days <> 0 then 'matched_timing'
      else 'matched_exact'
    end as class,
    line_a,
    line_b,
    currency,
    delta,
    delta_days,
    cast(null as text) as match_id,
    cast(null as decimal(38, 0)) as group_amount_a,
    cast(null as decimal(38, 0)) as group_amount_b
  from pairs
  union all
  select
    pass_name,
    'group' as kind,
    'matched_group' as class,
    line_a,
    line_b,
    currency,
    delta,
    cast(null as int) as delta_days,
    match_id,
    group_amount_a,
    group_amount_b
  from group_rows
)
select * from classed_matches
order by coalesce(line_a, line_b)
