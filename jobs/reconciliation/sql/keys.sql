-- Keys of one pass that open rows of both sides share.
select match_key, count(*) filter (where side = 'A') as count_a, count(*) filter (where side = 'B') as count_b
from open_rows
where match_key is not null
group by match_key
having count(*) filter (where side = 'A') > 0 and count(*) filter (where side = 'B') > 0
