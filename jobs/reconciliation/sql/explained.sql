-- For each open row, as JSON: its nearest row of the other side, what that fails, and by how much. A counterpart is the
-- nearest in the pass that made it one; what a suggest pass compares comes after what the others do.
-- A duplicate has the line that it repeats instead. candidates: how many rows fail as few criteria of that pass; lines: where they fail none, the first ten of them.
with both_ways as (
  select line_a as line_no, line_b as candidate, tie_break_b as tie_break, * from near
  union all
  select line_b as line_no, line_a as candidate, tie_break_a as tie_break, * from near
), nearest as (
  select both_ways.*
  from both_ways
  join classed on classed.line_no = both_ways.line_no
  qualify row_number() over (
    partition by both_ways.line_no
    order by
      case
        when both_ways.candidate = classed.counterpart and both_ways.pass_number = classed.pass_number then 0
        when both_ways.suggests then 2
        else 1
      end,
      failures,
      abs(delta),
      abs(delta_days),
      both_ways.pass_number,
      tie_break,
      candidate
  ) = 1
), numbered as (
  select
    line_no,
    pass_number,
    failures,
    candidate,
    row_number() over (partition by line_no, pass_number, failures order by candidate) as place
  from both_ways
), alike as (
  select
    line_no,
    pass_number,
    failures,
    count(*) as candidates,
    array_to_string(cast(
      list_sort(list(candidate) filter (where failures = 0 and place <= 10)) as text[]
    ), ',') as lines
  from numbered
  group by line_no, pass_number, failures
), told as (
  select
    nearest.line_no,
    concat(
      '{"candidate":"', open_ids.row_id,
      '","candidates":', cast(alike.candidates as text),
      case when nearest.failures = 0 then concat(',"lines":[', alike.lines, ']') else '' end,
      ',"pass":"', passes.pass_name,
      '","failed":[', concat_ws(
        ',',
        case when nearest.fails_currency then '"currency"' end,
        case when nearest.fails_amount then '"amount"' end,
        case when nearest.fails_sign then '"sign"' end,
        case when nearest.fails_date then '"date"' end
      ),
      '],"delta":', cast(nearest.delta as text),
      ',"days":', cast(nearest.delta_days as text), '}'
    ) as explain
  from nearest
  join alike
    on alike.line_no = nearest.line_no
    and alike.pass_number = nearest.pass_number
    and alike.failures = nearest.failures
  join passes on passes.pass_number = nearest.pass_number
  join open_ids on open_ids.line_no = nearest.candidate
)
select
  open_ids.line_no,
  case
    when fee_mismatches.line_a is not null then concat(
      '{"candidate":"', charged.row_id,
      '","pass":"', fee_mismatches.pass_name,
      '","failed":["fee"],"gross":', cast(fee_mismatches.gross as text),
      ',"fee":', cast(fee_mismatches.fee as text),
      ',"basis_points":', cast(fee_mismatches.basis_points as text), '}'
    )
    when group_mismatches.line_no is not null then concat(
      '{"candidate":null,"pass":"', passes.pass_name,
      '","failed":["group_sum"],"rows_a":', cast(group_mismatches.count_a as text),
      ',"rows_b":', cast(group_mismatches.count_b as text),
      ',"group_amount_a":', cast(group_mismatches.group_amount_a as text),
      ',"group_amount_b":', cast(group_mismatches.group_amount_b as text), '}'
    )
    when set_aside.reason = 'duplicate' then concat(
      '{"candidate":null,"twin":', cast(set_aside.twin as text),
      ',"equal":', case when set_aside.is_equal then 'true' else 'false' end, '}'
    )
    when told.explain is not null then told.explain
    when crowded.line_no is not null then '{"candidate":null,"failed":["max_candidates_per_row"]}'
    when neighbours.candidate is not null then concat(
      '{"candidate":"', neighbours.candidate,
      '","failed":["key"],"delta":0,"days":', cast(neighbours.delta_days as text), '}'
    )
    else '{"candidate":null}'
  end as explain
from open_ids
left join fee_mismatches on fee_mismatches.line_a = open_ids.line_no
left join open_ids as charged on charged.line_no = fee_mismatches.line_b
left join group_mismatches on group_mismatches.line_no = open_ids.line_no
left join passes on passes.pass_number = group_mismatches.pass_number
left join set_aside on set_aside.line_no = open_ids.line_no
left join told on told.line_no = open_ids.line_no
left join neighbours on neighbours.line_no = open_ids.line_no
left join (select distinct line_no from crowded_keys) as crowded on crowded.line_no = open_ids.line_no
