-- Matches of each pass, by class.
select pass_name, class, count(*) as matches
from matches
group by pass_name, class
