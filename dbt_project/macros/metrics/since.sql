{# "First since" and "longest since", for any metric. Belongs here: the one mechanism behind every headline. #}

{# CTEs that end in `since`: per week and metric of `observations` (metric_id, value_date, value, level, cadence_days) where
   the metric stands. A metric with a level is on one side of it, exactly at it above; one without is above or below where
   it stood a week before. A run is observations in a row on one side; a missing one ends it. Nothing looks ahead. #}
{% macro first_and_longest_since(observations, weeks) -%}
sided as (
    select
        this.metric_id,
        this.value_date,
        this.value,
        this.level,
        this.cadence_days,
        this.value_date - lag(this.value_date) over (partition by this.metric_id order by this.value_date) as days_since_last,
        case
            when this.value >= coalesce(this.level, week_before.value) and this.level is not null then 1
            when this.value > coalesce(this.level, week_before.value) then 1
            when this.value < coalesce(this.level, week_before.value) then -1
            else 0
        end as side
    from {{ observations }} as this
    left join {{ observations }} as week_before
        on week_before.metric_id = this.metric_id
        and week_before.value_date = cast(this.value_date - interval '7 days' as date)
),

numbered as (
    select
        *,
        sum(case when side = side_before and days_since_last = cadence_days then 0 else 1 end) over (
            partition by metric_id order by value_date
        ) as run_number
    from (
        select *, lag(side) over (partition by metric_id order by value_date) as side_before
        from sided
    ) as beside
),

placed as (
    select
        *,
        row_number() over (partition by metric_id, run_number order by value_date) as run_length,
        min(value_date) over (partition by metric_id, run_number) as run_began_on
    from numbered
),

runs as (
    select
        metric_id,
        run_number,
        max(side) as side,
        max(value_date) as ended_on,
        count(*) as run_length
    from placed
    group by metric_id, run_number
),

week_ends as (
    select weeks.week_start, placed.*
    from {{ weeks }} as weeks
    inner join placed
        on placed.value_date >= weeks.week_start
        and placed.value_date < weeks.week_start + interval '7 days'
    qualify row_number() over (partition by weeks.week_start, placed.metric_id order by placed.value_date desc) = 1
),

beside_last_week as (
    select
        this.*,
        before.value as previous_value
    from week_ends as this
    left join week_ends as before
        on before.metric_id = this.metric_id
        and before.week_start = cast(this.week_start - interval '7 days' as date)
),

earlier_runs as (
    select
        this.week_start,
        this.metric_id,
        max(runs.ended_on) as on_this_side_on,
        max(case when runs.run_length >= this.run_length then runs.ended_on end) as as_long_on
    from beside_last_week as this
    inner join runs
        on runs.metric_id = this.metric_id
        and runs.run_number < this.run_number
        and runs.side = this.side
    group by this.week_start, this.metric_id
),

earlier_values as (
    select
        this.week_start,
        this.metric_id,
        max(case
            when observed.value_date < this.week_start
                and (
                    (this.value >= this.previous_value and observed.value >= this.value)
                    or (this.value < this.previous_value and observed.value <= this.value)
                )
                then observed.value_date
        end) as as_extreme_on,
        sum(case when observed.value_date >= this.value_date - interval '365 days' then 1 else 0 end) as n_earlier,
        sum(case
            when observed.value_date >= this.value_date - interval '365 days' and observed.value < this.value then 1 else 0
        end) as n_below,
        sum(case
            when observed.value_date >= this.value_date - interval '365 days' and observed.value = this.value then 1 else 0
        end) as n_equal
    from beside_last_week as this
    inner join {{ observations }} as observed
        on observed.metric_id = this.metric_id
        and observed.value_date < this.value_date
    group by this.week_start, this.metric_id
),

since as (
    select
        this.week_start,
        this.metric_id,
        this.value_date,
        this.value,
        this.previous_value,
        this.side,
        this.run_began_on,
        case this.cadence_days when 1 then
            {{ percentile_from_counts('earlier_values.n_earlier', 'earlier_values.n_below', 'earlier_values.n_equal', least_days_of_history()) }}
        else
            {{ percentile_from_counts('earlier_values.n_earlier', 'earlier_values.n_below', 'earlier_values.n_equal', least_weeks_of_history()) }}
        end as percentile_365d,
        case when this.level is null then earlier_values.as_extreme_on else earlier_runs.on_this_side_on end as first_since_date,
        cast(ceil(this.run_length * this.cadence_days / 7e0) as bigint) as run_weeks,
        case when this.side <> 0 then earlier_runs.as_long_on end as longest_run_since_date
    from beside_last_week as this
    left join earlier_runs
        on earlier_runs.metric_id = this.metric_id
        and earlier_runs.week_start = this.week_start
    left join earlier_values
        on earlier_values.metric_id = this.metric_id
        and earlier_values.week_start = this.week_start
)
{%- endmacro %}

{# Days of history below which a daily percentile is not known. #}
{% macro least_days_of_history() %}90{% endmacro %}
