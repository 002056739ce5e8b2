-- Rows that stayed open, each with an id made of its content and of how many equal rows stand before it in the file.
-- Equal rows have equal keys, so all stay open, or some leave a crowded block, which had counted them all before.
with named as (
  select *, $content as content
  from unmatched
), crowded_before as (
  select line_no, max(occurrence) as occurrence from crowded group by line_no
), counted as (
  select
    named.*,
    coalesce(
      crowded_before.occurrence,
      row_number() over (partition by named.side, named.content order by named.line_no)
    ) as occurrence
  from named
  left join crowded_before on crowded_before.line_no = named.line_no
)
select
  *,
  concat_ws(
    '-',
    substr(sha256(side || content), 1, 32),
    case when occurrence > 1 then cast(occurrence as text) end
  ) as row_id
from counted
