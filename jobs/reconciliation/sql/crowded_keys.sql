-- Open rows whose key is shared by too many to compare each with each.
select open_rows.line_no
from open_rows
join keys on open_rows.match_key = keys.match_key
where keys.count_a > $max_candidates or keys.count_b > $max_candidates
