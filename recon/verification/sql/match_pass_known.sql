-- Cada conciliação é um par, de um passe do perfil que concilia (e não só sugere).
select pass_name, kind, line_a, line_b
from matches
where pass_name is null or pass_name not in (select name from passes where not suggests)
  or kind is distinct from 'pair'
  or line_a is null or line_b is null
