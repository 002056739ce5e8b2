-- Rows that a pass left open.
select unmatched.*
from unmatched
anti join (select line_a as line_no from found union all select line_b as line_no from found) as taken
  on unmatched.line_no = taken.line_no
