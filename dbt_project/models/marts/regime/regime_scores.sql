{{ config(materialized='view') }}
-- One row per model, origin of its labels, market, horizon and label, and one for all labels: how often it was right, and how sure.
with scoreboard as (
    select * from {{ ref('regime_scoreboard') }}
    where label <> 'insufficient_data'
),

outcomes as (
    select
        scoreboard.model,
        scoreboard.is_backfilled,
        scoreboard.week_start,
        scoreboard.label,
        scoreboard.side,
        scoreboard.probability,
        scoreboard.agrees_with_rules,
        measures.measured_on,
        measures.horizon_weeks,
        case
            when measures.measured_on = 'top30' and measures.horizon_weeks = 1 then scoreboard.forward_1w_return_pct
            when measures.measured_on = 'top30' then scoreboard.forward_4w_return_pct
            when measures.horizon_weeks = 1 then scoreboard.btc_forward_1w_return_pct
            else scoreboard.btc_forward_4w_return_pct
        end as return_pct
    from scoreboard
    cross join (
        select chosen.measured_on, chosen.horizon_weeks
        from (values ('top30', 1), ('top30', 4), ('bitcoin', 1), ('bitcoin', 4)) as chosen (measured_on, horizon_weeks)
    ) as measures
),

-- A word without a probability is a forecast without doubt.
judged as (
    select
        *,
        case when return_pct is not null then case when (return_pct < 0) = (side = 'low') then 1e0 else 0e0 end end as hit,
        case when return_pct is not null then case when return_pct < 0 then 1e0 else 0e0 end end as fell,
        coalesce(probability, case side when 'low' then 1e0 else 0e0 end) as forecast
    from outcomes
),

labelled as (
    select * from judged
    union all
    select * replace ('ALL' as label) from judged
)

select
    model,
    is_backfilled,
    measured_on,
    cast(horizon_weeks as bigint) as horizon_weeks,
    label,
    count(*) as n_weeks,
    min(week_start) as first_week,
    max(week_start) as last_week,
    count(return_pct) as n_outcomes,
    -- The order in which a sum is made shows in its last bits, and a view is asked again and again.
    round(avg(return_pct), 9) as forward_return_pct,
    round(avg(fell), 9) as fell_share,
    round(avg(hit), 9) as hit_share,
    round(avg((forecast - fell) * (forecast - fell)), 9) as brier_score,
    round(avg(fell) * (1 - avg(fell)), 9) as base_rate_brier_score,
    round(avg(case when agrees_with_rules then 1e0 when not agrees_with_rules then 0e0 end), 9) as agreement_share
from labelled
group by model, is_backfilled, measured_on, horizon_weeks, label
