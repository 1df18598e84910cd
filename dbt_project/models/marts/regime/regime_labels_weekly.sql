-- One row per week and model: the label that it gives the week, with what is known now, and what followed.
with regimes as (
    select * from {{ ref('regime_weekly') }}
),

states as (
    select * from {{ ref('jump_model_daily') }}
),

computed as (
    select week_start, 'rules' as model, verdict as label, cast(null as double) as probability
    from regimes
    union all
    select
        regimes.week_start,
        'jump_model' as model,
        coalesce(states.state, 'insufficient_data') as label,
        states.low_probability as probability
    from regimes
    left join states on states.market_date = cast(regimes.week_start + interval '6 days' as date)
    union all
    select week_start, 'persistence' as model, previous_verdict as label, cast(null as double) as probability
    from regimes
    where previous_verdict is not null
),

levels as (
    select market_date, level from {{ ref('index_levels_daily') }}
    where index_id = 'top30'
),

hours as (
    select
        level_at,
        ln(level / lag(level) over (order by level_at)) as log_return,
        lag(level_at) over (order by level_at) as before_at
    from {{ ref('index_levels_hourly') }}
    where index_id = 'top30'
),

variances as (
    select
        cast(date_trunc('week', level_at - interval '1 hour') as date) as week_start,
        sum(log_return * log_return) as sum_of_squares,
        count(log_return) as n_hours
    from hours
    where before_at = level_at - interval '1 hour'
    group by cast(date_trunc('week', level_at - interval '1 hour') as date)
),

bitcoin as (
    select week_start, ln(1 + return_pct / 100) as log_return
    from {{ ref('universe_weekly') }}
    where asset_id = {{ bitcoin() }} and window_id = 'mon_mon' and return_pct is not null
),

steps as (
    select chosen.days_on from (values (7), (14), (21), (28)) as chosen (days_on)
),

following as (
    select
        regimes.week_start,
        case when sum(variances.n_hours) >= {{ least_share_of_hours() }} * 672
            then {{ annualised_volatility_pct('sum(variances.sum_of_squares)', 'sum(variances.n_hours)', 8760) }}
        end as volatility_pct,
        100e0 * (exp(max(case when steps.days_on = 7 then bitcoin.log_return end)) - 1) as btc_1w_return_pct,
        case when count(bitcoin.log_return) = 4 then 100e0 * (exp(sum(bitcoin.log_return)) - 1) end as btc_4w_return_pct
    from regimes
    cross join steps
    left join variances on variances.week_start = cast(regimes.week_start + interval '1 day' * steps.days_on as date)
    left join bitcoin on bitcoin.week_start = cast(regimes.week_start + interval '1 day' * steps.days_on as date)
    group by regimes.week_start
),

-- Of every week, what came after its end; unknown until it is over.
forwards as (
    select
        following.week_start,
        {{ simple_return_pct('here.level', 'in_1_week.level') }} as forward_1w_return_pct,
        {{ simple_return_pct('here.level', 'in_4_weeks.level') }} as forward_4w_return_pct,
        case when in_4_weeks.level is not null then following.volatility_pct end as forward_4w_volatility_pct,
        following.btc_1w_return_pct as btc_forward_1w_return_pct,
        following.btc_4w_return_pct as btc_forward_4w_return_pct
    from following
    left join levels as here on here.market_date = cast(following.week_start + interval '6 days' as date)
    left join levels as in_1_week on in_1_week.market_date = cast(following.week_start + interval '13 days' as date)
    left join levels as in_4_weeks on in_4_weeks.market_date = cast(following.week_start + interval '34 days' as date)
)

select
    computed.week_start,
    computed.model,
    computed.label,
    computed.probability,
    forwards.forward_1w_return_pct,
    forwards.forward_4w_return_pct,
    forwards.forward_4w_volatility_pct,
    forwards.btc_forward_1w_return_pct,
    forwards.btc_forward_4w_return_pct
from computed
inner join forwards on forwards.week_start = computed.week_start
