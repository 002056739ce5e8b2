-- Cada linha da ponte é um total, o resíduo ou uma classe conhecida com o seu rótulo.
select b.currency, b.line, b.label_pt, c.label_pt as expected
from bridge as b
left join classes as c on c.class = b.line
where (c.class is null and b.line not in ('total_a', 'total_b', 'net', 'residual'))
  or b.label_pt is null
  or b.label_pt <> c.label_pt
