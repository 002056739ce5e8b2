-- Veredito, hash do resultado e data de referência são os mesmos no manifesto e no resumo.
-- needs: reconciliation
select s.currency, s.verdict, f.verdict as figure, s.as_of, f.as_of as figure_as_of, s.result_hash, f.result_hash as figure_hash
from summary as s
cross join run_figures as f
where s.verdict is distinct from f.verdict or s.as_of is distinct from f.as_of
  or s.result_hash is distinct from f.result_hash
