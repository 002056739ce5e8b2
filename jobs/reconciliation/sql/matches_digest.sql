-- What the result hash says of the matches: sums of four lanes of each line's SHA-256, which no order can change.
with lines as (
  select sha256(concat_ws(
    '|',
    coalesce(cast(line_a as text), '-'),
    coalesce(cast(line_b as text), '-'),
    class,
    cast(delta as text)
  )) as hash
  from matches
)
select
  count(*) as lines,
  cast(sum(lane(hash, 1)) as bigint) as lane_1,
  cast(sum(lane(hash, 2)) as bigint) as lane_2,
  cast(sum(lane(hash, 3)) as bigint) as lane_3,
  cast(sum(lane(hash, 4)) as bigint) as lane_4
from lines
