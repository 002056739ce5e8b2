-- O resumo conta as conciliações, divergências, pendências e divergências materiais que as tabelas têm.
select s.currency, s.matches, s.breaks, s.pending, s.material_breaks, c.*
from summary as s
cross join run_counts as c
where s.matches is distinct from c.matches or s.breaks is distinct from c.breaks
  or s.pending is distinct from c.pending or s.material_breaks is distinct from c.material_breaks
