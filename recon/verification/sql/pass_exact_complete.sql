-- Um passe exato não deixa par: depois dele, nenhuma chave, moeda, valor e data tem linhas dos dois lados.
select a.position, a.key, a.currency, a.amount, a.posted_on, count(distinct a.line_no) as rows_a, count(distinct b.line_no) as rows_b
from available as a
join available as b using (position, key, currency, amount, posted_on)
where position in (select position from passes where pairs_all and not suggests)
  and a.side = 'A' and b.side = 'B'
  and a.taken is distinct from position and b.taken is distinct from position
group by all
