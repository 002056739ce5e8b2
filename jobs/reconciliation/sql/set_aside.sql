-- Open rows that no counterpart can explain: with a free choice; else repeats of an equal row, or left over in a matched block.
-- twin: the line that a duplicate repeats, equal in all or in what its block compares.
with duplicates as (
  select line_no, first_line as twin, true as is_equal
  from unmatched
  where occurrence > 1
  union all
  select unmatched.line_no, min(crowded.kept) as twin, false as is_equal
  from unmatched
  join crowded on crowded.line_no = unmatched.line_no
  where crowded.pairs > 0 and unmatched.occurrence = 1
  group by unmatched.line_no
), ambiguous as (
  select line_a as line_no from near where failures = 0 and not suggests
  union
  select line_b as line_no from near where failures = 0 and not suggests
)
select duplicates.line_no, 'duplicate' as reason, duplicates.twin, duplicates.is_equal
from duplicates
anti join ambiguous on ambiguous.line_no = duplicates.line_no
union all
select line_no, 'ambiguous' as reason, cast(null as bigint) as twin, cast(null as boolean) as is_equal
from ambiguous
