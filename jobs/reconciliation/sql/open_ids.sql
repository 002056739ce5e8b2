-- Rows that stayed open, each with an id made of its content and of how many equal rows stand before it in the file.
with peers as (
  select all_rows.side, all_rows.content, all_rows.line_no
  from all_rows
  semi join unmatched
    on all_rows.side = unmatched.side
    and all_rows.currency = unmatched.currency
    and all_rows.amount = unmatched.amount
    and all_rows.posted_on = unmatched.posted_on
), counted as (
  select
    line_no,
    substr(sha256(side || content), 1, 32) as content_id,
    row_number() over (partition by side, content order by line_no) as occurrence
  from peers
)
select
  unmatched.*,
  counted.occurrence,
  case
    when counted.occurrence = 1 then counted.content_id
    else counted.content_id || '-' || cast(counted.occurrence as text)
  end as row_id
from unmatched
join counted on unmatched.line_no = counted.line_no
