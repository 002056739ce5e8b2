-- Um passe leva todo par que é o mais próximo para os dois lados, rodada a rodada, até que nenhum reste: com unique, só quem só tem um ao outro.
select n.name as pass_name, c.line_a, c.line_b
from chosen as c
join passes as n using (position)
anti join paired as m on m.pass_name = n.name and m.line_a = c.line_a and m.line_b = c.line_b
