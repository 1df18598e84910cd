-- One row per sentence of a published page and language: what was said, and the cells that back it.
select
    week_start,
    language,
    sentence_id,
    section,
    rule,
    text,
    evidence
from {{ ref('int_summary_sentences') }}
