-- Com uma referência, o lado A é dela e o B é do arquivo enviado, e o número da linha o diz; sem ela, nenhuma linha é de referência.
select e.side, e.line_no
from entries as e
cross join settings as s
where case when s.has_reference then (e.side = 'A') <> (file_of(e.line_no) = 'reference') else file_of(e.line_no) = 'reference' end
