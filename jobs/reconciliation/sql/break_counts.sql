select class, count(*) as breaks, count(*) filter (where material) as material
from breaks
group by class
