-- Cada divergência tem um break_id só seu, que as linhas de um grupo repetem.
select break_id, count(distinct number) as breaks
from numbered_breaks
group by break_id
having break_id is null or count(distinct number) > 1
