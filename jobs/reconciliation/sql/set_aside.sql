-- Open rows that no counterpart can explain: repeats of an equal row, left over in a matched block, or with a free choice.
with duplicates as (
  select line_no from unmatched where occurrence > 1
  union
  select crowded.line_no
  from crowded
  semi join unmatched on unmatched.line_no = crowded.line_no
  where crowded.pairs > 0
), ambiguous as (
  select line_a as line_no from near where failures = 0 and not suggests
  union
  select line_b as line_no from near where failures = 0 and not suggests
)
select line_no, 'duplicate' as reason from duplicates
union all
select ambiguous.line_no, 'ambiguous' as reason from ambiguous anti join duplicates on duplicates.line_no = ambiguous.line_no
