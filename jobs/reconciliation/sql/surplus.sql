-- Rows left over in a block that was otherwise matched.
select crowded.line_no
from crowded
join blocks on blocks.line_a = crowded.block
where crowded.place > least(blocks.count_a, blocks.count_b) and not $unique
