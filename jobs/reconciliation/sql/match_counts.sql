-- Matches of each pass, by class: a pair is one, a group is one.
select pass_name, class, count(*) filter (where match_id is null) + count(distinct match_id) as matches
from matches
group by pass_name, class
