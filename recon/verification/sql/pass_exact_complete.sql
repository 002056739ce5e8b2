-- Um passe exato leva de cada bloco (chave, moeda, valor e dia iguais) tantas linhas de cada lado quantas tem o menor; nenhuma onde escolher quais sobram seria adivinhar.
select * from blocks where taken_a <> pairs or taken_b <> pairs
