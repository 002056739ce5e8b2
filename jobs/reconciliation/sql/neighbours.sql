-- The open row of the other side with the same currency and amount that was posted nearest; the earlier of two.
with around as (
  select
    line_no,
    posted_on,
    last_value(case when side = 'A' then line_no end ignore nulls) over before as line_a_before,
    last_value(case when side = 'B' then line_no end ignore nulls) over before as line_b_before,
    first_value(case when side = 'A' then line_no end ignore nulls) over after as line_a_after,
    first_value(case when side = 'B' then line_no end ignore nulls) over after as line_b_after,
    side
  from unmatched
  window
    before as (partition by currency, amount order by posted_on, tie_break, line_no rows between unbounded preceding and 1 preceding),
    after as (partition by currency, amount order by posted_on, tie_break, line_no rows between 1 following and unbounded following)
), found as (
  select line_no, posted_on, case when side = 'A' then line_b_before else line_a_before end as neighbour from around
  union all
  select line_no, posted_on, case when side = 'A' then line_b_after else line_a_after end as neighbour from around
), dated as (
  select
    found.line_no,
    unmatched.row_id as candidate,
    unmatched.tie_break,
    unmatched.line_no as candidate_line,
    abs(date_diff('day', found.posted_on, unmatched.posted_on)) as distance,
    cast(date_diff('day', found.posted_on, unmatched.posted_on) * case when unmatched.side = 'B' then 1 else -1 end as int) as delta_days,
    unmatched.posted_on
  from found
  join unmatched on unmatched.line_no = found.neighbour
)
select line_no, candidate, delta_days
from dated
qualify row_number() over (partition by line_no order by distance, posted_on, tie_break, candidate_line) = 1
