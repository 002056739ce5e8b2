-- Breaks and pending entries by age bucket, a lot once, as old as its oldest row.
with items as (
  select break_id, priority > 0 as is_break, max(age_days) as age_days, arg_max(bucket, age_days) as bucket
  from divergences
  group by break_id, priority
)
select bucket, count(*) filter (where is_break) as breaks, count(*) filter (where not is_break) as pending
from items
group by bucket
order by min(age_days)
