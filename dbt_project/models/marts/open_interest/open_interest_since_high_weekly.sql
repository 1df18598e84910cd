-- One row per week and bucket: who left (or came) since open interest was at its highest of 365 days, like for like. Effects are
-- those of the daily steps after the high's day, each in the bucket of its own week: of a whole week they are its weekly row.
with windows as (
    select *, cast(week_start + interval '6 days' as date) as last_date
    from {{ ref('core_windows') }}
    where window_id = 'mon_mon'
),

days as (
    select * from {{ ref('open_interest_market_daily') }}
),

changes as (
    select *
    from {{ ref('open_interest_change_weekly') }}
    where window_id = 'mon_mon'
),

week_ends as (
    select windows.week_start, windows.ends_at, windows.last_date, days.chain_id
    from windows
    inner join days on days.market_date = windows.last_date
),

-- Of equal days the last. What lies before a break of the chain does not compare.
highs as (
    select
        week_ends.week_start,
        week_ends.ends_at,
        days.market_date as high_date,
        cast(days.market_date + interval '1 day' as timestamp) as high_ends_at
    from week_ends
    inner join days
        on days.chain_id = week_ends.chain_id
        and days.market_date <= week_ends.last_date
        and days.market_date > cast(week_ends.last_date - interval '365 days' as date)
    qualify row_number() over (
        partition by week_ends.week_start order by days.like_for_like_index desc, days.market_date desc
    ) = 1
),

ranked as (
    select steps.*, {{ open_interest_bucket('steps.asset_id', 'members.rank') }} as own_bucket
    from {{ ref('int_open_interest_steps') }} as steps
    left join {{ ref('core_members_weekly') }} as members
        on members.week_start = steps.week_start
        and members.window_id = steps.window_id
        and members.asset_id = steps.asset_id
    where steps.window_id = 'mon_mon'
),

bucketed as (
    select *, own_bucket as oi_bucket from ranked
    union all
    select *, 'all' as oi_bucket from ranked
),

bucket_steps as (
    select
        step_starts_at,
        step_ends_at,
        oi_bucket,
        sum(start_usd) as start_usd,
        sum(price_effect_usd) as price_effect_usd,
        sum(position_effect_usd) as position_effect_usd,
        sum(listing_effect_usd) as listing_effect_usd,
        sum(coverage_effect_usd) as coverage_effect_usd
    from bucketed
    group by step_starts_at, step_ends_at, oi_bucket
),

since_high as (
    select
        highs.week_start,
        bucket_steps.oi_bucket,
        sum(case when bucket_steps.step_starts_at = highs.high_ends_at then bucket_steps.start_usd else 0 end) as high_usd,
        sum(bucket_steps.price_effect_usd) as price_effect_usd,
        sum(bucket_steps.position_effect_usd) as position_effect_usd,
        sum(bucket_steps.listing_effect_usd) as listing_effect_usd,
        sum(bucket_steps.coverage_effect_usd) as coverage_effect_usd
    from highs
    inner join bucket_steps
        on bucket_steps.step_starts_at >= highs.high_ends_at
        and bucket_steps.step_ends_at <= highs.ends_at
    group by highs.week_start, bucket_steps.oi_bucket
),

buckets as (
    select week_start, oi_bucket from changes
    union
    select week_start, oi_bucket from since_high
),

-- Where the high is the week's own end, nothing has changed since.
told as (
    select
        buckets.week_start,
        buckets.oi_bucket,
        highs.high_date,
        case
            when highs.high_ends_at = highs.ends_at then coalesce(changes.end_usd, 0)
            else coalesce(since_high.high_usd, 0)
        end as high_usd,
        coalesce(changes.end_usd, 0) as now_usd,
        coalesce(since_high.price_effect_usd, 0) as price_effect_usd,
        coalesce(since_high.position_effect_usd, 0) as position_effect_usd,
        coalesce(since_high.listing_effect_usd, 0) as listing_effect_usd,
        coalesce(since_high.coverage_effect_usd, 0) as coverage_effect_usd
    from buckets
    inner join highs on highs.week_start = buckets.week_start
    left join changes
        on changes.week_start = buckets.week_start
        and changes.oi_bucket = buckets.oi_bucket
    left join since_high
        on since_high.week_start = buckets.week_start
        and since_high.oi_bucket = buckets.oi_bucket
)

select
    *,
    now_usd - high_usd as change_usd,
    -- What is left of differences of billions is told to the cent: its last bits are the order of sums.
    round(
        now_usd - high_usd - price_effect_usd - position_effect_usd - listing_effect_usd - coverage_effect_usd, 2
    ) as rebucketing_usd
from told
