-- Breaks of each class, and how many of them are material: the rows of a group are one.
select class, count(distinct break_id) as breaks, count(distinct case when material then break_id end) as material
from breaks
group by class
