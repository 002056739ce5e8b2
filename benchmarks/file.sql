-- Both sides of a made-up month, the ledger (A) in the order of its ids, the bank (B) by day. Of 1,000 rows ten differ,
-- each in its own way; every tenth has a comma inside quotes.
with rows as (
  select
    i,
    (i * 7919) % 1000 as kind_of_row,
    'E' || lpad(cast(i as text), 10, '0') as entry_id,
    '0001/' || cast(10000 + i % 40 as text) as account,
    date '2026-01-01' + cast((i * 31) % 28 as int) as posted_on,
    case when i % 3 = 0 then -1 else 1 end * (100 + (i * 48271) % 9999991) as cents,
    case when i % 50 = 0 then 'USD' else 'BRL' end as currency,
    'NF ' || cast(100000 + i as text) as reference
  from range($rows) as numbers(i)
), bank as (
  select
    i,
    copy,
    case when kind_of_row = 9 then 'X' || substr(entry_id, 2) else entry_id end as entry_id,
    account,
    posted_on + case kind_of_row when 4 then 1 when 8 then 5 else 0 end as posted_on,
    case kind_of_row when 2 then cents + 1000 when 3 then cents + 3 when 6 then - cents else cents end as cents,
    case when kind_of_row = 5 then 'EUR' else currency end as currency,
    reference
  from rows
  join (values (1), (2)) as copies(copy) on copy = 1 or kind_of_row = 7 -- 7: entered twice
  where kind_of_row <> 0 -- 0: not in B
), entries as (
  select
    'A' as side, i as place, entry_id, account, posted_on, cents, currency, reference,
    case when i % 10 = 0 then 'Venda, pedido ' else 'Venda pedido ' end || cast(i as text) as description,
    'venda' as kind
  from rows
  where kind_of_row <> 1 -- 1: not in A
  union all
  select
    'B' as side, i as place, entry_id, account, posted_on, cents, currency, reference,
    case when i % 10 = 0 then 'PIX recebido, cliente ' else 'PIX recebido cliente ' end || cast(i % 5000 as text) as description,
    'pix' as kind
  from bank
)
select
  side,
  entry_id,
  account,
  posted_on,
  cast(cents / cast(100 as decimal(3, 0)) as decimal(18, 2)) as amount,
  currency,
  reference,
  description,
  kind
from entries
order by side, case when side = 'B' then posted_on end, place
