-- Rows with a rival for a candidate of theirs. Rows that are equal in every field have one first_line. (The other columns
-- are those of `crowded`.)
with rivals as (
  select candidates.line_b as line_no
  from candidates
  semi join (select line_a from candidates group by line_a having count(*) > 1) as choosy
    on choosy.line_a = candidates.line_a
  union
  select candidates.line_a as line_no
  from candidates
  semi join (select line_b from candidates group by line_b having count(*) > 1) as choosy
    on choosy.line_b = candidates.line_b
), named as (
  select open_rows.line_no, open_rows.side, $content as content
  from open_rows
  semi join rivals on rivals.line_no = open_rows.line_no
)
select
  line_no,
  cast(0 as bigint) as pairs,
  row_number() over (partition by side, content order by line_no) as occurrence,
  min(line_no) over (partition by side, content) as first_line,
  cast(null as bigint) as kept
from named
