-- Candidates that have only each other: they match whatever their distance, under the unique guard none but they.
select candidates.*
from candidates
anti join contested as a on a.line_no = candidates.line_a
anti join contested as b on b.line_no = candidates.line_b
