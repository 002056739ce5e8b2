-- A contagem por passe do manifesto é a das conciliações, e os passes são os do perfil.
-- needs: reconciliation
with counted as (
  select p.name, count(distinct m.number) as matches
  from passes as p
  left join numbered_matches as m on m.pass_name = p.name
  group by p.name
)
select name, f.matches as told, c.matches as expected
from figures_of_passes as f
full join counted as c using (name)
where f.matches is distinct from c.matches
