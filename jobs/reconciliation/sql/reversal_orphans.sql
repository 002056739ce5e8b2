-- Open reversals without an original: no row of the file has their key and currency, the opposite sign, at least their
-- amount and no later day.
select reversals.line_no
from reversals
anti join keyed_entries as originals
  on originals.match_key = reversals.match_key
  and originals.currency = reversals.currency
  and originals.posted_on <= reversals.posted_on
  and (originals.amount > 0) <> (reversals.amount > 0)
  and abs(cast(originals.amount as decimal(38, 0))) >= abs(cast(reversals.amount as decimal(38, 0)))
