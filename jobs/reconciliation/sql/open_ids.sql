-- Rows that stayed open, each with an id made of its content and of how many equal rows stand before it in the file.
-- Equal rows have equal keys, so all stay open, or some leave a crowded block, which had counted them all before.
-- first_line: of the first of them. tie_break: the id's first bits; rows that share them are equal and stand in the order of their lines.
with named as (
  select *, substr(sha256(side || $content), 1, 32) as content_id
  from broken
), crowded_before as (
  select line_no, max(occurrence) as occurrence, min(first_line) as first_line from crowded group by line_no
), counted as (
  select
    named.*,
    coalesce(
      crowded_before.occurrence,
      row_number() over (partition by named.content_id order by named.line_no)
    ) as occurrence,
    coalesce(
      crowded_before.first_line,
      min(named.line_no) over (partition by named.content_id)
    ) as first_line
  from named
  left join crowded_before on crowded_before.line_no = named.line_no
)
select
  *,
  lane(content_id, 1) * 1073741824 + lane(content_id, 2) % 1073741824 as tie_break,
  concat_ws('-', content_id, case when occurrence > 1 then cast(occurrence as text) end) as row_id
from counted
