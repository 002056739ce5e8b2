-- The classes, their labels, outcomes and priorities; the codes of rejects. Said anew here: a checker that borrowed
-- them from the job would agree with whatever the job says.
create table classes as
select * from (values
  ('matched_exact', 'Conciliado – exato', 'ok', 0),
  ('matched_tolerance', 'Conciliado com tolerância de valor', 'ok', 0),
  ('matched_timing', 'Conciliado com diferença de data', 'ok', 0),
  ('matched_net_of_fee', 'Conciliado pelo líquido (taxa explicada)', 'ok', 0),
  ('matched_group', 'Conciliado por agrupamento/lote', 'ok', 0),
  ('pending_in_transit', 'Pendente – aguardando contraparte (dentro do prazo)', 'pending', 0),
  ('suggested', 'Sugestão – requer revisão', 'pending', 0),
  ('missing_in_b', 'Sem contraparte no banco/adquirente', 'break', 1),
  ('missing_in_a', 'Não contabilizado (só no banco/adquirente)', 'break', 2),
  ('amount_mismatch', 'Divergência de valor', 'break', 2),
  ('group_sum_mismatch', 'Soma do lote divergente', 'break', 2),
  ('fee_mismatch', 'Divergência de taxa (MDR/tarifa)', 'break', 2),
  ('date_mismatch', 'Divergência de data (fora da janela)', 'break', 3),
  ('currency_mismatch', 'Divergência de moeda', 'break', 2),
  ('sign_mismatch', 'Sinal invertido (débito × crédito)', 'break', 1),
  ('duplicate_a', 'Possível lançamento duplicado (A)', 'break', 1),
  ('duplicate_b', 'Possível lançamento duplicado (B)', 'break', 1),
  ('ambiguous', 'Correspondência ambígua (vários candidatos)', 'break', 3),
  ('reversal_orphan', 'Estorno/devolução sem original', 'break', 2),
  ('balance_break', 'Quebra de saldo do extrato', 'break', 1)
) as t (class, label_pt, outcome, priority);

create table reject_codes as
select unnest([
  'FIELD_COUNT', 'ENCODING', 'UNBALANCED_QUOTE', 'DATE_FORMAT', 'DATE_RANGE', 'AMOUNT_FORMAT', 'AMOUNT_SCALE',
  'REQUIRED_EMPTY', 'SIDE_UNKNOWN', 'CURRENCY_UNKNOWN', 'NET_NOT_GROSS_MINUS_FEE'
]) as code;

-- Lines of the reference are numbered from a base on, which says which file a line is of.
create macro file_of(line_no) as case when line_no > 1_000_000_000_000 then 'reference' else 'upload' end;
create macro line_of_file(line_no) as case file_of(line_no) when 'reference' then line_no - 1_000_000_000_000 else line_no end;
