-- As identidades que a execução declara fecham todas, ou o veredito é incompleto.
-- needs: reconciliation
select i.*
from identities as i
cross join run_figures as f
where (not i.held and f.verdict <> 'incomplete') or (i.held and i.expected <> i.found)
