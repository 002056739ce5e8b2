-- Rows that need an id: those that no pass matched, and those of pairs whose fee is wrong.
select * from unmatched
union all
select entries.*
from entries
semi join (
  select line_a as line_no from fee_mismatches union all select line_b as line_no from fee_mismatches
) as charged on charged.line_no = entries.line_no
