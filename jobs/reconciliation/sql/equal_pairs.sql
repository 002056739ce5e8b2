-- Exact pass, first step, the short way: every pair of rows of equal key, currency, amount and day. A row of a crowded
-- block stands in several.
select a.line_no as line_a, b.line_no as line_b, a.currency
from open_rows as a
join open_rows as b
  on a.match_key = b.match_key and a.currency = b.currency and a.amount = b.amount and a.posted_on = b.posted_on
where a.side = 'A' and b.side = 'B'
