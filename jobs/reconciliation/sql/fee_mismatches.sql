-- Matched pairs with a row whose fee is wrong.
select
  matched_pairs.line_a,
  matched_pairs.line_b,
  'fee_mismatch' as class,
  cast(0 as int) as pass_number,
  matched_pairs.pass_name,
  coalesce(a.gross, b.gross) as gross,
  coalesce(a.fee, b.fee) as fee,
  coalesce(a.basis_points, b.basis_points) as basis_points,
  coalesce(a.off_10000, b.off_10000) as off_10000
from matched_pairs
left join wrongly_charged as a on a.line_no = matched_pairs.line_a
left join wrongly_charged as b on b.line_no = matched_pairs.line_b
where a.line_no is not null or b.line_no is not null
