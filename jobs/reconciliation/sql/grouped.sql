-- Rows of the groups whose sums agree. delta: what the row adds to A less B.
select
  $pass as pass_name,
  groups.group_id as match_id,
  case when open_rows.side = 'A' then open_rows.line_no end as line_a,
  case when open_rows.side = 'B' then open_rows.line_no end as line_b,
  open_rows.currency,
  case when open_rows.side = 'A' then 1 else -1 end * cast(open_rows.amount as decimal(38, 0)) as delta,
  groups.group_amount_a,
  groups.group_amount_b
from groups
join open_rows on open_rows.match_key = groups.match_key and open_rows.currency = groups.currency
where groups.agrees
