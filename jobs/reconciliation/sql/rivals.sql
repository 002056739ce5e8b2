-- Candidates that others contest, each row with the first of its equals.
select
  candidates.*,
  coalesce(a.first_line, candidates.line_a) as first_a,
  coalesce(b.first_line, candidates.line_b) as first_b
from candidates
left join contested as a on a.line_no = candidates.line_a
left join contested as b on b.line_no = candidates.line_b
where a.line_no is not null or b.line_no is not null
