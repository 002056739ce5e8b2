-- Rows that were charged another fee than their rate of the gross amount: the minor unit may be rounded either way, and
-- the profile may allow more. off_10000: by how many ten-thousandths of a minor unit. delta: charged less due, rounded.
with charged as (
  select
    rated_entries.line_no,
    rated_entries.gross,
    rated_entries.fee,
    rated_entries.allowed,
    cast(rates.basis_points as int) as basis_points,
    cast(rated_entries.gross as decimal(24, 0)) * rates.basis_points as due_10000
  from rated_entries
  join rates on rates.rate_key = rated_entries.rate_key
), measured as (
  select
    *,
    abs(cast(fee as decimal(38, 0)) * 10000 - due_10000) as off_10000,
    round(cast(due_10000 as decimal(24, 0)) * cast(0.0001 as decimal(5, 4)), 0) as due
  from charged
)
select
  line_no,
  gross,
  fee,
  basis_points,
  cast(off_10000 as decimal(38, 0)) as off_10000,
  cast(cast(fee as decimal(38, 0)) - due as decimal(38, 0)) as delta
from measured
where off_10000 > allowed * 10000 + 5000
