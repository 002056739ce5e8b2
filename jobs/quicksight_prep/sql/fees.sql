-- Of the rows whose fee is wrong: what was charged and what the contract says, to the nearest minor unit.
with charged as (
  select
    currency,
    cast(json_extract_string(explain, '$.fee') as decimal(19, 0)) as fee,
    cast(json_extract_string(explain, '$.gross') as decimal(19, 0)) as gross,
    cast(json_extract_string(explain, '$.basis_points') as decimal(12, 4)) as basis_points
  from divergences
  where class = 'fee_mismatch'
)
select
  currency,
  cast(sum(fee) as decimal(38, 0)) as charged,
  cast(sum(round(gross * basis_points / 10000)) as decimal(38, 0)) as due
from charged
group by currency
order by currency
