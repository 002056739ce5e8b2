-- Matched pairs without a fee that is not the contract's.
select matched_pairs.*
from matched_pairs
anti join fee_mismatches on fee_mismatches.line_a = matched_pairs.line_a
