-- One row per sentence of a published page and language: what was said, and the cells that back it. Empty until a publication
-- fills its own copy.
{{ config(schema='marts') }}
select
    week_start,
    language,
    sentence_id,
    section,
    rule,
    text,
    evidence
from {{ source('raw', 'summary_sentences') }}
