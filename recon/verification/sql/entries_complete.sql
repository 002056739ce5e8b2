-- Cada lançamento tem lado A ou B, linha, data, valor e uma moeda da ISO 4217.
select side, line_no, posted_on, amount, currency
from entries
where side is null or side not in ('A', 'B')
  or line_no is null or posted_on is null or amount is null
  or currency is null or currency not in (select currency from materiality)
