select
    week_start,
    language,
    sentence_id,
    section,
    rule,
    text,
    evidence
from {{ raw_table('summary_sentences') }}
