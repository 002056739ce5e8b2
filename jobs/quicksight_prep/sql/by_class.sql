-- What the breaks and pending entries of each class come to: items, of which material, of which new, the oldest one's age.
select
  class,
  priority,
  count(distinct break_id) as items,
  count(distinct break_id) filter (where material) as material,
  max(age_days) as oldest
from divergences
group by class, priority
order by priority = 0, priority, items desc, class
