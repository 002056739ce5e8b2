-- Rows of blocks with several rows on a side, each with its place: repeats of an equal row last, else by content.
-- pairs: how many of the block's rows on each side pair, by their places; none under the unique guard.
with rows_of_blocks as (
  select
    open_rows.*,
    blocks.line_a as block,
    case when $unique then 0 else least(blocks.count_a, blocks.count_b) end as pairs
  from open_rows
  join blocks
    on open_rows.match_key = blocks.match_key
    and open_rows.currency = blocks.currency
    and open_rows.amount = blocks.amount
    and open_rows.posted_on = blocks.posted_on
  where blocks.count_a + blocks.count_b > 2
), named as (
  select line_no, side, currency, block, pairs, $content as content
  from rows_of_blocks
), counted as (
  select *, row_number() over (partition by block, side, content order by line_no) as occurrence
  from named
)
select
  line_no,
  side,
  currency,
  block,
  pairs,
  occurrence,
  row_number() over (partition by block, side order by occurrence, content, line_no) as place
from counted
