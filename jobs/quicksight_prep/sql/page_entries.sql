-- The rows that the shown breaks are about, of a lot the first of each side, and those that they were compared with.
select
  line_no,
  side,
  posted_on,
  amount,
  currency,
  account,
  entry_id,
  reference,
  description,
  kind
from entries
where line_no in (
  select unnest(list_concat(coalesce(lines_a, [])[:$lot_rows], coalesce(lines_b, [])[:$lot_rows])) from shown
  union
  select near from shown where near is not null
)
order by line_no
