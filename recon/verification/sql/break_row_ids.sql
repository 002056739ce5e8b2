-- Cada linha aberta tem um row_id só seu.
select row_id, count(*) as rows
from (
  select row_id from breaks
  union all
  select counterpart_row_id from breaks where counterpart_row_id is not null
)
group by row_id
having row_id is null or count(*) > 1
