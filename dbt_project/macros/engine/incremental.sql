{# How an incremental model's rows are replaced, in the engine's own words. Belongs here: the strategy `rebuild`, and testing
   only what it rewrote. Does not: from when on (rules/rebuild.sql). #}

{# The strategy `rebuild` of incremental models: in one transaction, all rows from the build's moment on are replaced.
   A model names its time column in its meta: `time_column`; where its rows serve later windows, also
   `rebuilt_days_before`; and `rebuilt_since` where it comes before int_rebuild. #}
{% macro get_incremental_rebuild_sql(arg_dict) -%}
    {%- set columns = get_quoted_csv(arg_dict.dest_columns | map(attribute='name')) -%}
    {%- set is_rewritten = is_rewritten(config.get('meta')) -%}
    delete from {{ arg_dict.target_relation }} where {{ is_rewritten }};
    insert into {{ arg_dict.target_relation }} ({{ columns }})
    select {{ columns }} from {{ arg_dict.temp_relation }} where {{ is_rewritten }}
{%- endmacro %}

{% macro is_rewritten(meta) -%}
    {{ meta.time_column }} >= {{ rebuild_from(meta.get('rebuilt_since', 'int_rebuild'), meta.get('rebuilt_days_before', 0)) }}
{%- endmacro %}

{# dbt asks this for what a generic test reads. In `dbt build` a test of an incremental model reads what was rewritten: the
   rows before were tested when they were written. `dbt test` reads everything. #}
{% macro get_where_subquery(relation) -%}
    {%- set tested = graph.nodes.get(model.attached_node) if execute and flags.WHICH == 'build' else none -%}
    {%- if tested and tested.config.materialized == 'incremental' and not should_full_refresh() -%}
        {%- set meta = tested.config.meta -%}
        {%- set since = graph.nodes['model.regime.' ~ meta.get('rebuilt_since', 'int_rebuild')] -%}
        {%- set found = run_query('select rebuild_from from ' ~ since.relation_name).columns[0].values()[0] | string -%}
        {{ return('(select * from ' ~ relation ~ ' where ' ~ meta.time_column ~ ' >= '
            ~ _days_before(found, meta.get('rebuilt_days_before', 0)) ~ ') as rewritten') }}
    {%- endif -%}
    {{ return(dbt.default__get_where_subquery(relation)) }}
{%- endmacro %}
