-- Cada divergência tem um break_id só seu.
select break_id, count(*) as breaks
from breaks
group by break_id
having break_id is null or count(*) > 1
