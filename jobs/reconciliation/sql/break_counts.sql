-- Breaks of each class, and how many of them are material.
select class, count(*) as breaks, count(*) filter (where material) as material
from breaks
group by class
