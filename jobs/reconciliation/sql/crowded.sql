-- Rows of blocks with several rows on a side, each with its place: repeats of an equal row last, else by content.
with crowded as (
  select open_rows.line_no, open_rows.side, open_rows.content, blocks.line_a as block
  from open_rows
  join blocks
    on open_rows.match_key = blocks.match_key
    and open_rows.currency = blocks.currency
    and open_rows.amount = blocks.amount
    and open_rows.posted_on = blocks.posted_on
  where blocks.count_a + blocks.count_b > 2
), counted as (
  select *, row_number() over (partition by block, side, content order by line_no) as occurrence
  from crowded
)
select
  line_no,
  side,
  block,
  row_number() over (partition by block, side order by occurrence, content, line_no) as place
from counted
