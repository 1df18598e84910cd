{# Where a value stands in its own history: percentiles, "first since" and "longest since", for any metric. Nothing looks ahead. #}

{# Of the earlier values that a row is joined with, those in the span: how many they are, lie below it, and equal it.
   Columns for percentile_from_counts. #}
{% macro counts_of_earlier(earlier, this, is_in_span='true') -%}
    count(case when {{ is_in_span }} then {{ earlier }} end) as n_earlier,
    count(case when {{ is_in_span }} and {{ earlier }} < {{ this }} then 1 end) as n_below,
    count(case when {{ is_in_span }} and {{ earlier }} = {{ this }} then 1 end) as n_equal
{%- endmacro %}

{# A percentile: the share of the earlier values in its span strictly below, plus half the ties; NULL under a minimum.
   Arguments are, over the earlier values in the span, their number, those below it and those equal to it. #}
{% macro percentile_from_counts(n_earlier, n_below, n_equal, least) -%}
    case when {{ n_earlier }} >= {{ least }} then ({{ n_below }} + 0.5e0 * {{ n_equal }}) / {{ n_earlier }} end
{%- endmacro %}

{# An earlier value over members (sectors, assets) is compared with a later one only if it had at least half as many. #}
{% macro is_comparable(earlier, this) -%}
    ({{ this }}.n_members is null or {{ earlier }}.n_members is null or 2 * {{ earlier }}.n_members >= {{ this }}.n_members)
{%- endmacro %}

{# CTEs that end in `percentiles`: for each row of `values_by_week` (week_start, metric_id, chain_id, value, n_members) with a
   value, its percentile among the earlier comparable weeks of its metric and chain. #}
{% macro percentiles_of_weeks(values_by_week) -%}
earlier_weeks as (
    select
        this.week_start,
        this.metric_id,
        {{ counts_of_earlier('round(earlier.value, 9)', 'round(this.value, 9)') | indent(4) }}
    from {{ values_by_week }} as this
    left join {{ values_by_week }} as earlier
        on earlier.metric_id = this.metric_id
        and earlier.chain_id = this.chain_id
        and earlier.week_start < this.week_start
        and earlier.week_start >= this.week_start - interval '{{ history_span_weeks() }} weeks'
        and {{ is_comparable('earlier', 'this') }}
    where this.value is not null
    group by this.week_start, this.metric_id
),

percentiles as (
    select
        week_start,
        metric_id,
        {{ percentile_from_counts('n_earlier', 'n_below', 'n_equal', least_weeks_of_history()) }} as percentile
    from earlier_weeks
)
{%- endmacro %}

{# Weeks of history below which a percentile or a standard deviation of weekly values is not known, and the span. #}
{% macro least_weeks_of_history() %}26{% endmacro %}
{% macro history_span_weeks() %}104{% endmacro %}

{# Days of history below which a daily percentile is not known. #}
{% macro least_days_of_history() %}90{% endmacro %}

{# CTEs that end in `since`: per week and metric of `observations` (metric_id, value_date, value, level, n_members, cadence_days) where
   the metric stands. A metric with a level is on one side of it, exactly at it above; one without is above or below where
   it stood a week before. A run is observations in a row on one side; a missing one ends it. #}
{% macro first_and_longest_since(observations, weeks) -%}
sided as (
    select
        this.metric_id,
        this.value_date,
        this.value,
        this.level,
        this.n_members,
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
        {{ counts_of_earlier(
            'observed.value', 'this.value', "observed.value_date >= this.value_date - interval '365 days'"
        ) | indent(4) }}
    from beside_last_week as this
    inner join {{ observations }} as observed
        on observed.metric_id = this.metric_id
        and observed.value_date < this.value_date
        and {{ is_comparable('observed', 'this') }}
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
