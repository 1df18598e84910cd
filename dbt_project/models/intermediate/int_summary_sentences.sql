-- One row per sentence and language, for the mart of that name.
select
    week_start,
    language,
    sentence_id,
    section,
    rule,
    text,
    evidence
from {{ ref('stg_summary_sentences') }}
