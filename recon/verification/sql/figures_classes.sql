-- A contagem por classe do manifesto é a das tabelas.
-- needs: reconciliation
select class, f.count as told, c.count as expected
from figures_of_classes as f
full join class_counts as c using (class)
where coalesce(f.count, 0) <> coalesce(c.count, 0)
