-- What the result hash says of the breaks: sums of four lanes of each line's SHA-256, which no order can change; a
-- finding has no amounts but what it is off.
with lines as (
  select
    sha256(concat_ws(
      '|',
      break_id,
      row_id,
      coalesce(counterpart_row_id, '-'),
      class,
      coalesce(cast(amount_a as text), '-'),
      coalesce(cast(amount_b as text), '-'),
      case when line_a is null and line_b is null then cast(delta as text) end
    )) as hash
  from breaks
)
select
  count(*) as lines,
  cast(sum(lane(hash, 1)) as bigint) as lane_1,
  cast(sum(lane(hash, 2)) as bigint) as lane_2,
  cast(sum(lane(hash, 3)) as bigint) as lane_3,
  cast(sum(lane(hash, 4)) as bigint) as lane_4
from lines
