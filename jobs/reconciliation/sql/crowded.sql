-- Rows of blocks with several rows on a side, each with its place: repeats of an equal row last, else by content.
-- pairs: how many of the block's rows on each side pair, by their places. None under the unique guard, and none where
-- which rows of the larger side are one too many would be an arbitrary choice: they differ, and are not one external id.
-- first_line: of the rows that are equal to it; kept: the row of its side that pairs before any other.
with rows_of_blocks as (
  select open_rows.*, blocks.line_a as block, blocks.count_a, blocks.count_b
  from open_rows
  join blocks
    on open_rows.match_key = blocks.match_key
    and open_rows.currency = blocks.currency
    and open_rows.amount = blocks.amount
    and open_rows.posted_on = blocks.posted_on
  where blocks.count_a + blocks.count_b > 2
), named as (
  select line_no, side, currency, block, count_a, count_b, $content as content
  from rows_of_blocks
), judged as (
  select
    *,
    case when side = case when count_a > count_b then 'A' else 'B' end then content end as of_larger_side,
    row_number() over (partition by block, side, content order by line_no) as occurrence
  from named
), placed as (
  select
    *,
    min(line_no) over (partition by block, side, content) as first_line,
    min(of_larger_side) over (partition by block) = max(of_larger_side) over (partition by block) as are_equal,
    row_number() over (partition by block, side order by occurrence, content, line_no) as place
  from judged
)
select
  line_no,
  side,
  currency,
  block,
  case
    when $unique then 0
    when count_a = count_b or $one_id or are_equal then least(count_a, count_b)
    else 0
  end as pairs,
  occurrence,
  place,
  first_line,
  min(case when place = 1 then line_no end) over (partition by block, side) as kept
from placed
