-- Exact pass, second step, without the sole pairs: rows of equal key, currency, amount and day, counted on each side.
select
  match_key,
  currency,
  amount,
  posted_on,
  count(*) filter (where side = 'A') as count_a,
  count(*) filter (where side = 'B') as count_b,
  min(line_no) filter (where side = 'A') as line_a,
  min(line_no) filter (where side = 'B') as line_b
from open_rows
where match_key is not null
group by match_key, currency, amount, posted_on
having count(*) filter (where side = 'A') > 0 and count(*) filter (where side = 'B') > 0
