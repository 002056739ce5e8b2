-- Cada rejeição tem um código conhecido e uma mensagem que diz a linha e o código.
select line_no, "column", code, message
from rejects
where line_no is null
  or code not in (from reject_codes)
  or message is null
  or not contains(message, '(' || code || ')')
  or not regexp_matches(replace(message, '.', ''), '^linha ' || line_no || '[,:]')
