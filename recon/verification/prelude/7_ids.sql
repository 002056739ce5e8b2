-- Ids and hashes as docs/verification.md defines them in words.

-- A text that no other can pose as a part of: its length, a colon, itself; a dash where there is none.
create macro told(value) as coalesce(length(value::varchar) || ':' || value::varchar, '-');
create macro content_of(e) as e.side
  || told(e.posted_on) || told(e.value_on) || told(e.amount) || told(e.currency)
  || told(e.entry_id) || told(e.account) || told(e.reference) || told(e.description)
  || told(e.counterparty) || told(e.kind) || told(e.group_key)
  || told(e.gross) || told(e.fee) || told(e.net) || told(e.balance);
create macro short_id(content) as left(sha256(content), 32);
-- The number that eight hexadecimal digits of a hash are: the first eight, the second, …
create macro lane(hash, place) as ('0x' || substr(hash, place * 8 - 7, 8))::bigint;
-- Words of 64 bits, one after the other mixed into the ones before: SplitMix64's last step. Products are cut to 64 bits,
-- by a mask, since dividing numbers of 128 bits takes a hundred times as long.
create macro low_bits(number) as number & 18446744073709551615::uhugeint;
create macro folded(word, places) as xor(word, word >> places::uhugeint);
create macro scrambled(word) as folded(low_bits(folded(low_bits(folded(low_bits(
  word + 11400714819323198485::uhugeint
), 30) * 13787848793156543929::uhugeint), 27) * 10723151780598845931::uhugeint), 31);
create macro mixed(words) as list_reduce(words, lambda hash, word: scrambled(xor(hash, word)));
-- Two's complement of 128 bits.
create macro complement(number) as case when number < 0
  then 340282366920938463463374607431768211455::uhugeint - (-1 - number::hugeint)::uhugeint
  else number::hugeint::uhugeint end;

create table row_ids as
select
  e.side, e.line_no,
  short_id(content_of(e)) || case when r.occurrence > 1 then '-' || r.occurrence else '' end as row_id
from entries as e
left join repeated as r using (side, line_no)
where (e.side, e.line_no) in (
  select (side, line_no) from stated union all select (side, line_no) from findings
);

-- The id of every group that is matched or broken.
create table group_ids as
select position, side, line_no, short_id(p.name || ':' || currency || ':' || (key::json->>0)) as group_id
from available
join passes as p using (position)
where p.kind = 'group';
