with weeks as (
    select week_start, ends_at, (week_start + interval '6 days')::date as last_date
    from {{ ref('int_windows') }}
    where window_id = 'mon_mon'
),

-- Of the members of a week, ranks 1 to 100 at its start, the share whose price is still there at its end.
members as (
    select
        w.week_start,
        count(*) as n_members,
        100.0::double * count(p.reference_price_usd) / count(*) as coverage_pct
    from weeks w
    inner join {{ ref('universe_weekly') }} u
        on w.week_start = u.week_start and u.window_id = 'mon_mon' and u.rank <= 100
    left join (
        select asset_id, price_at, reference_price_usd
        from {{ ref('prices_hourly') }}
        where price_at in (select ends_at from weeks)
    ) p on u.asset_id = p.asset_id and w.ends_at = p.price_at
    group by w.week_start
),

open_interest as (
    select week_start, position_effect_usd / nullif(start_usd, 0) as position_effect_share
    from {{ ref('open_interest_change_weekly') }}
    where window_id = 'mon_mon' and oi_bucket = 'all'
),

-- In units of the standard deviation of the weeks before, so that a busy market does not look like a flight.
position_sds as (
    select
        a.week_start,
        case
            when count(b.position_effect_share) >= {{ least_weeks_of_history() }}
                then max(a.position_effect_share) / nullif(stddev_samp(b.position_effect_share), 0)
        end as position_effect_sds
    from open_interest a
    left join open_interest b
        on b.week_start < a.week_start
        and b.week_start >= a.week_start - interval '{{ history_span_weeks() }} weeks'
    group by a.week_start
),

breadth as (
    select
        week_start,
        sum(share_negative_pct * n_assets) / sum(n_assets) as share_of_assets_negative_pct,
        sum(return_equal_weighted_pct * n_assets) / sum(n_assets) as equal_weighted_return_pct
    from {{ ref('bucket_returns_weekly') }}
    where window_id = 'mon_mon'
    group by week_start
),

sectors as (
    select
        week_start,
        100 * avg(case when return_cap_weighted_pct < 0 then 1.0 else 0.0 end)::double as share_of_sectors_negative_pct
    from {{ ref('sector_returns_weekly') }}
    where window_id = 'mon_mon' and n_assets >= {{ least_sector_members() }}
    group by week_start
),

-- Against the four weeks before, where all of them are known.
flows as (
    select
        this.week_start,
        max(this.spot_share_pct) as spot_share_pct,
        case when count(before.spot_share_pct) = 4 then max(this.spot_share_pct) - avg(before.spot_share_pct) end
            as spot_share_change_pp,
        max(this.holiday_adjusted_residual) as holiday_adjusted_residual,
        max(this.coverage_pct) as coverage_pct
    from {{ ref('spot_perp_volume_weekly') }} this
    left join {{ ref('spot_perp_volume_weekly') }} before
        on before.window_id = this.window_id
        and before.week_start < this.week_start
        and before.week_start >= this.week_start - interval '28 days'
    where this.window_id = 'mon_mon'
    group by this.week_start
),

-- 0 is the best class of the week, 1 the worst; the classes of the seed that have no data lower the coverage.
classes as (
    select
        r.week_start,
        (r.rank - 1) / (r.n_classes - 1e0) as rank_share,
        100e0 * r.n_classes / (1 + (select count(distinct asset_class) from {{ ref('asset_classes') }})) as classes_pct
    from {{ ref('asset_class_returns_weekly') }} r
    where r.asset_class = 'crypto' and r.n_classes >= 2
),

-- Curves that sold off and moved, less those that rallied and moved.
curves as (
    select
        m.week_start,
        sum(case when m.label like 'bear%' then 1 when m.label like 'bull%' then -1 else 0 end) as bear_curves,
        100e0 * count(m.label) / (select count(*) from {{ ref('yield_curves') }}) as curves_pct
    from {{ ref('macro_weekly') }} m
    inner join {{ ref('yield_curves') }} c on c.curve_id = m.series_id
    group by m.week_start
),

-- One row per week and metric. `compared` is what a percentile compares, among values of one `series_id` only.
metrics as (
    select
        w.week_start,
        'open_interest_to_market_cap_pct' as metric_id,
        o.to_market_cap_pct as value,
        -- Like for like: a venue that joins or fails does not move the percentile. Per trillion, to be a number of usual size.
        1e12 * o.like_for_like_index * o.to_market_cap_pct / o.total_usd as compared,
        o.chain_id as series_id,
        o.coverage_pct,
        'open_interest_market_daily' as source_table
    from weeks w
    inner join {{ ref('open_interest_market_daily') }} o on w.last_date = o.market_date
    union all
    select p.week_start, 'position_effect_sds', p.position_effect_sds, p.position_effect_sds, 1, o.coverage_pct,
        'open_interest_change_weekly'
    from position_sds p
    inner join weeks w on p.week_start = w.week_start
    inner join {{ ref('open_interest_market_daily') }} o on w.last_date = o.market_date
    union all
    select week_start, 'btc_funding_annualised_pct', funding_rate_annualised_pct, funding_rate_annualised_pct, 1,
        coverage_pct, 'funding_weekly'
    from {{ ref('funding_weekly') }}
    where window_id = 'mon_mon' and asset_id = 'bitcoin'
    union all
    select week_start, 'market_funding_annualised_pct', funding_rate_annualised_pct, funding_rate_annualised_pct, 1,
        coverage_pct, 'funding_weekly'
    from {{ ref('funding_weekly') }}
    where window_id = 'mon_mon' and asset_id = 'ALL'
    union all
    select week_start, 'median_funding_annualised_pct', median_across_assets_pct, median_across_assets_pct, 1,
        coverage_pct, 'funding_weekly'
    from {{ ref('funding_weekly') }}
    where window_id = 'mon_mon' and asset_id = 'ALL'
    union all
    select w.week_start, case v.asset_id when 'bitcoin' then 'btc_rv_7d_pct' else 'eth_rv_7d_pct' end, v.rv_7d_pct,
        v.rv_7d_pct, 1, 100 * v.n_observations / 168::double, 'realised_volatility_daily'
    from weeks w
    inner join {{ ref('realised_volatility_daily') }} v
        on w.last_date = v.market_date and v.asset_id in ('bitcoin', 'ethereum')
    union all
    select w.week_start, 'btc_rv_7d_to_rv_30d', v.rv_7d_pct / nullif(v.rv_30d_pct, 0),
        v.rv_7d_pct / nullif(v.rv_30d_pct, 0), 1, 100 * v.n_observations / 168::double, 'realised_volatility_daily'
    from weeks w
    inner join {{ ref('realised_volatility_daily') }} v on w.last_date = v.market_date and v.asset_id = 'bitcoin'
    union all
    select c.week_start, 'average_pairwise_correlation_7d', c.average_pairwise_correlation,
        c.average_pairwise_correlation, 1, 100 * c.n_assets / m.n_members::double, 'bucket_correlation_weekly'
    from {{ ref('bucket_correlation_weekly') }} c
    inner join members m on c.week_start = m.week_start
    where c.window_id = 'mon_mon' and c.horizon = '7d' and c.rank_bucket = 'all'
    union all
    select c.week_start, 'average_correlation_to_btc_7d', c.average_correlation_to_btc,
        c.average_correlation_to_btc, 1, 100 * c.n_assets / m.n_members::double, 'bucket_correlation_weekly'
    from {{ ref('bucket_correlation_weekly') }} c
    inner join members m on c.week_start = m.week_start
    where c.window_id = 'mon_mon' and c.horizon = '7d' and c.rank_bucket = 'all'
    union all
    select b.week_start, 'share_of_assets_negative_pct', b.share_of_assets_negative_pct,
        b.share_of_assets_negative_pct, 1, m.coverage_pct, 'bucket_returns_weekly'
    from breadth b
    inner join members m on b.week_start = m.week_start
    union all
    select b.week_start, 'equal_weighted_return_pct', b.equal_weighted_return_pct, b.equal_weighted_return_pct, 1,
        m.coverage_pct, 'bucket_returns_weekly'
    from breadth b
    inner join members m on b.week_start = m.week_start
    union all
    select s.week_start, 'share_of_sectors_negative_pct', s.share_of_sectors_negative_pct,
        s.share_of_sectors_negative_pct, 1, m.coverage_pct, 'sector_returns_weekly'
    from sectors s
    inner join members m on s.week_start = m.week_start
    {%- for metric in ['spot_share_pct', 'spot_share_change_pp', 'holiday_adjusted_residual'] %}
    union all
    select week_start, '{{ metric }}', {{ metric }}, {{ metric }}, 1, coverage_pct, 'spot_perp_volume_weekly'
    from flows
    {%- endfor %}
    union all
    select week_start, 'crypto_rank_share', rank_share, rank_share, 1, classes_pct, 'asset_class_returns_weekly'
    from classes
    union all
    select week_start, 'cut_probability_change_pp', change, change, 1, 100, 'macro_weekly'
    from {{ ref('macro_weekly') }}
    where series_id = 'FED_CUT_PROBABILITY' and change is not null
    union all
    select week_start, 'dollar_change_pct', 100 * change / previous_value, 100 * change / previous_value, 1, 100, 'macro_weekly'
    from {{ ref('macro_weekly') }}
    where series_id = 'DOLLAR_INDEX' and previous_value > 0
    union all
    select week_start, 'bear_curves', bear_curves, bear_curves, 1, curves_pct, 'macro_weekly'
    from curves
),

earlier as (
    select
        a.week_start,
        a.metric_id,
        count(b.compared) as n_earlier,
        -- What differs in the last bits of a sum only is a tie, in every build.
        count(case when round(b.compared, 9) < round(a.compared, 9) then 1 end) as n_below,
        count(case when round(b.compared, 9) = round(a.compared, 9) then 1 end) as n_equal
    from metrics a
    left join metrics b
        on a.metric_id = b.metric_id
        and a.series_id = b.series_id
        and b.week_start < a.week_start
        and b.week_start >= a.week_start - interval '{{ history_span_weeks() }} weeks'
    where a.compared is not null
    group by a.week_start, a.metric_id
),

measured as (
    select
        m.*,
        {{ percentile_from_counts('e.n_earlier', 'e.n_below', 'e.n_equal', least_weeks_of_history()) }} as percentile
    from metrics m
    left join earlier e on m.week_start = e.week_start and m.metric_id = e.metric_id
),

evidences as (
    select distinct dimension, evidence_id, metric_id, measure, weight
    from {{ ref('regime_rules') }}
),

-- Every evidence has a row in every week: what is not known votes for nothing, and is seen not to.
judged as (
    select
        w.week_start,
        e.dimension,
        e.evidence_id,
        e.metric_id,
        e.weight,
        m.value,
        m.percentile,
        m.coverage_pct,
        m.source_table,
        case when e.measure = 'percentile' then m.percentile else m.value end as judged_value,
        e.measure
    from weeks w
    cross join evidences e
    left join measured m on w.week_start = m.week_start and e.metric_id = m.metric_id
),

-- A state is left later than it is entered: its range is wider by `leave_by` while it stands.
staying as (
    select
        j.week_start,
        j.dimension,
        j.evidence_id,
        max(case when r.level > 0 then r.level end) as stays_up_to,
        min(case when r.level < 0 then r.level end) as stays_down_to
    from judged j
    inner join {{ ref('regime_rules') }} r
        on j.dimension = r.dimension
        and j.evidence_id = r.evidence_id
        and r.level <> 0
        and j.coverage_pct >= {{ least_coverage_pct() }}
        and (r.from_value is null or j.judged_value >= r.from_value - r.leave_by)
        and (r.to_value is null or j.judged_value < r.to_value + r.leave_by)
    group by j.week_start, j.dimension, j.evidence_id
)

select
    j.week_start,
    j.dimension,
    j.evidence_id,
    j.metric_id,
    j.value,
    -- The bound towards the middle, which the measure passed.
    case when r.level <> 0 and r.from_value >= n.to_value then r.from_value when r.level <> 0 then r.to_value end::double
        as threshold,
    j.percentile,
    j.measure,
    r.state as vote,
    r.level::bigint as level,
    -- The farthest state, on either side, that this evidence would still back had it stood before.
    s.stays_up_to::bigint as stays_up_to,
    s.stays_down_to::bigint as stays_down_to,
    j.weight::double as weight,
    j.coverage_pct,
    j.source_table
from judged j
left join {{ ref('regime_rules') }} r
    on j.dimension = r.dimension
    and j.evidence_id = r.evidence_id
    and j.coverage_pct >= {{ least_coverage_pct() }}
    and j.judged_value >= coalesce(r.from_value, j.judged_value)
    and (r.to_value is null or j.judged_value < r.to_value)
left join {{ ref('regime_rules') }} n
    on j.dimension = n.dimension and j.evidence_id = n.evidence_id and n.level = 0
left join staying s
    on j.week_start = s.week_start and j.dimension = s.dimension and j.evidence_id = s.evidence_id
