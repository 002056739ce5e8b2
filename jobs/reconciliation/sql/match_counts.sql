-- Matches of each pass, by class.
select pass_name, class, cast(sum(items) as bigint) as matches
from match_sums
group by pass_name, class
