-- O veredito segue das tabelas: divergência material, aviso (divergência imaterial, rejeição ou tolerância que somou demais), pendência ou conciliado.
-- A run is material by its net or gross difference too, where it has a break at all.
with facts as (
  select
    (select breaks from run_counts) > 0 as has_breaks,
    (select material_breaks from run_counts) > 0 as has_material_breaks,
    (select pending from run_counts) > 0 as has_pending,
    exists (from rejects) as has_rejects,
    exists (
      from totals join materiality as m using (currency)
      where abs(net) >= m.net_limit or gross >= m.gross_limit
    ) as run_is_material,
    exists (
      from tolerated as t join materiality as m using (currency)
      where t.net >= m.net_limit or t.gross >= m.gross_limit
    ) as let_much_through
)
select
  s.currency, s.verdict,
  case
    when has_breaks and (has_material_breaks or run_is_material) then 'divergente'
    when has_breaks or has_rejects or let_much_through then 'conciliado_com_avisos'
    when has_pending then 'conciliado_com_pendencias'
    else 'conciliado'
  end as expected
from summary as s
cross join facts
where s.verdict is distinct from expected
