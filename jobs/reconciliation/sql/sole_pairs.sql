-- Exact pass, first step: rows of equal key, currency, amount and day, where each side has one. B's lines count below zero,
-- so that the least and the greatest say all: this groups every row, and is half of what a pass costs.
with signed as (
  select
    match_key,
    currency,
    amount,
    posted_on,
    case when side = 'A' then line_no else - line_no end as line
  from open_rows
  where match_key is not null
)
select max(line) as line_a, - min(line) as line_b, currency
from signed
group by match_key, currency, amount, posted_on
having count(*) = 2 and max(line) > 0 and min(line) < 0
