-- For each open row, as JSON: its nearest row of the other side, what that fails, and by how much.
with both_ways as (
  select line_a as line_no, row_b as candidate, pass_number, pass_name, failures, failed, delta, delta_days from near
  union all
  select line_b as line_no, row_a as candidate, pass_number, pass_name, failures, failed, delta, delta_days from near
), nearest as (
  select *
  from both_ways
  qualify row_number() over (
    partition by line_no
    order by failures, abs(delta), abs(delta_days), pass_number, candidate
  ) = 1
), candidates as (
  select line_no, count(distinct candidate) as candidates from both_ways group by line_no
)
select
  open_ids.line_no,
  case
    when nearest.candidate is not null then concat(
      '{"candidate":"', nearest.candidate,
      '","candidates":', cast(candidates.candidates as text),
      ',"pass":"', nearest.pass_name,
      '","failed":', nearest.failed,
      ',"delta":', cast(nearest.delta as text),
      ',"days":', cast(nearest.delta_days as text), '}'
    )
    when neighbours.candidate is not null then concat(
      '{"candidate":"', neighbours.candidate,
      '","failed":["key"],"delta":0,"days":', cast(neighbours.delta_days as text), '}'
    )
    when crowded.line_no is not null then '{"candidate":null,"failed":["max_candidates_per_row"]}'
    else '{"candidate":null}'
  end as explain
from open_ids
left join nearest on nearest.line_no = open_ids.line_no
left join candidates on candidates.line_no = open_ids.line_no
left join neighbours on neighbours.line_no = open_ids.line_no
left join (select distinct line_no from crowded_keys) as crowded on crowded.line_no = open_ids.line_no
