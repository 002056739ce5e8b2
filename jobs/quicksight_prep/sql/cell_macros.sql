-- A cell of a sheet's XML by what it holds; the empty text where it holds nothing.
create or replace temp macro escaped(t) as
  replace(replace(replace(regexp_replace(t, '[\x00-\x08\x0b\x0c\x0e-\x1f\x{fffe}\x{ffff}]', '�', 'g'), '&', '&amp;'), '<', '&lt;'), '>', '&gt;');

create or replace temp macro cut(t) as
  case when length(t) > 32767 then substr(t, 1, 32700) || '… (texto cortado: ' || length(t) || ' caracteres ao todo)' else t end;

create or replace temp macro text_cell(ref, t, quoted) as
  case when t is null or t = '' then '' else concat(
    '<c r="', ref, '"', case when regexp_matches(t, '^\s*[=+@＝＋－＠-]') then concat(' s="', quoted, '"') else '' end,
    ' t="inlineStr"><is><t xml:space="preserve">', escaped(cut(t)), '</t></is></c>'
  ) end;

create or replace temp macro number_cell(ref, v, style) as
  case when v is null then '' else concat('<c r="', ref, '" s="', style, '"><v>', v, '</v></c>') end;

create or replace temp macro day_cell(ref, d, style) as
  case
    when d >= date '1900-03-01' then number_cell(ref, date_diff('day', date '1899-12-30', d), style)
    else text_cell(ref, strftime(d, '%d/%m/%Y'), style)
  end;

create or replace temp macro money_cell(ref, minor, unit, style, quoted) as
  case
    when abs(cast(minor as decimal(38, 0))) < 1000000000000000 then number_cell(ref, cast(minor as decimal(18, 0)) * unit, style)
    else text_cell(ref, cast(cast(minor as decimal(33, 0)) * unit as text), quoted)
  end;
