-- near.parquet compara, passe a passe, cada par de linhas abertas com a chave do passe, e nenhum outro; quem se explica pela taxa não é comparado.
with said as (
  select pass_number as position, line_a, line_b from near
), expected as (
  select position, line_a, line_b from compared
)
(select 'written' as source, * from (from said except all from expected))
union all
(select 'expected', * from (from expected except all from said))
