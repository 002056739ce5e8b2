-- O manifesto conta as conciliações, divergências, pendências e divergências materiais que as tabelas têm.
-- needs: reconciliation
select f.matches, f.breaks, f.pending, f.material_breaks, c.*
from run_figures as f
cross join run_counts as c
where f.matches is distinct from c.matches or f.breaks is distinct from c.breaks
  or f.pending is distinct from c.pending or f.material_breaks is distinct from c.material_breaks
