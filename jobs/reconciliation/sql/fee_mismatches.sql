-- Matched pairs with a row that was charged another fee than its rate of the gross amount: the minor unit may be rounded
-- either way, and the profile may allow more. off_10000: by how many ten-thousandths of a minor unit.
with charged as (
  select
    rated_entries.line_no,
    rated_entries.gross,
    rated_entries.fee,
    rated_entries.allowed,
    rates.basis_points,
    abs(
      cast(rated_entries.fee as decimal(38, 0)) * 10000
        - cast(rated_entries.gross as decimal(38, 0)) * rates.basis_points
    ) as off_10000
  from rated_entries
  join rates on rates.rate_key = rated_entries.rate_key
), wrong as (
  select * from charged where off_10000 > allowed * 10000 + 5000
)
select
  matched_pairs.line_a,
  matched_pairs.line_b,
  'fee_mismatch' as class,
  cast(0 as int) as pass_number,
  matched_pairs.pass_name,
  coalesce(a.gross, b.gross) as gross,
  coalesce(a.fee, b.fee) as fee,
  cast(coalesce(a.basis_points, b.basis_points) as int) as basis_points,
  cast(coalesce(a.off_10000, b.off_10000) as decimal(38, 0)) as off_10000
from matched_pairs
left join wrong as a on a.line_no = matched_pairs.line_a
left join wrong as b on b.line_no = matched_pairs.line_b
where a.line_no is not null or b.line_no is not null
