-- Cada rejeição tem um código conhecido e uma mensagem que diz a linha do arquivo, se é o de referência, e o código.
with named as (
  select *, line_of_file(line_no) || case file_of(line_no) when 'reference' then ' da referência' else '' end as place
  from rejects
)
select line_no, "column", code, message
from named
where line_no is null
  or code not in (from reject_codes)
  or message is null
  or not contains(message, '(' || code || ')')
  or not regexp_matches(replace(message, '.', ''), '^linha ' || place || '[,:]')
