-- O resumo tem uma linha por moeda dos lançamentos, e todas dizem o mesmo da execução.
select currency, s.currency as in_summary, t.currency as in_entries, 'currencies' as reason
from summary as s
full join totals as t using (currency)
where s.currency is null or t.currency is null
union all
select currency, null, null, 'repeated' from summary group by currency having count(*) > 1
union all
select null, null, null, 'rows disagree'
from summary
having count(distinct (verdict, as_of, result_hash, matches, breaks, pending, material_breaks)) > 1
  or count(*) <> count(as_of)
