{{ config(materialized='view') }}
-- One row per week and model: its label, as published where it was published in time, and what followed. A view, so that a
-- publication tells of its own labels.
with computed as (
    select * from {{ ref('regime_labels_weekly') }}
),

published as (
    select * from {{ ref('published_labels') }}
),

sides as (
    select distinct verdict as label, side from {{ ref('regime_verdicts') }}
    union all
    select chosen.label, chosen.side from (values ('low', 'low'), ('high', 'high')) as chosen (label, side)
),

labelled as (
    select
        computed.*,
        published.published_at,
        coalesce(published.label, computed.label) as given_label,
        case when published.label is null then computed.probability else published.probability end as given_probability
    from computed
    left join published
        on published.week_start = computed.week_start
        and published.model = computed.model
)

select
    labelled.week_start,
    labelled.model,
    labelled.given_label as label,
    sides.side,
    labelled.given_probability as probability,
    case
        when labelled.given_label = 'insufficient_data' or rules.given_label = 'insufficient_data' then null
        when labelled.model = 'jump_model' then sides.side = sides_of_rules.side
        else labelled.given_label = rules.given_label
    end as agrees_with_rules,
    labelled.forward_1w_return_pct,
    labelled.forward_4w_return_pct,
    labelled.forward_4w_volatility_pct,
    labelled.btc_forward_1w_return_pct,
    labelled.btc_forward_4w_return_pct,
    labelled.published_at,
    labelled.published_at is null as is_backfilled
from labelled
inner join labelled as rules
    on rules.week_start = labelled.week_start
    and rules.model = 'rules'
left join sides on sides.label = labelled.given_label
left join sides as sides_of_rules on sides_of_rules.label = rules.given_label
