-- A ponte fecha em cada moeda: ΣA − ΣB = soma das classes, resíduo zero.
select
  currency,
  sum(amount) filter (line = 'total_a') - sum(amount) filter (line = 'total_b') as difference,
  sum(amount) filter (line in (select class from classes)) as explained,
  sum(amount) filter (line = 'residual') as residual
from bridge
group by currency
having residual is distinct from 0 or difference is distinct from coalesce(explained, 0)
