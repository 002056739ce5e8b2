-- Rows that a pass left open. Their lines first: they are few, and of the others no other column need be read.
with lines as (
  select unmatched.line_no
  from unmatched
  anti join (select line_a as line_no from found union all select line_b as line_no from found) as taken
    on unmatched.line_no = taken.line_no
)
select unmatched.*
from unmatched
semi join lines on lines.line_no = unmatched.line_no
