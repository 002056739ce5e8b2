"""Third stage: what people and QuickSight read, made from the proven result; nothing is concluded here."""
