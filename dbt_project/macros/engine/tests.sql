{# What generic tests read of the model that they belong to. #}

{# dbt asks this for what a generic test reads. In `dbt build` a test of an incremental model, or of a view with a time column,
   reads what was rewritten: the rows before were tested when they were written. `dbt test` reads everything. #}
{% macro get_where_subquery(relation) -%}
    {%- set tested = graph.nodes.get(model.attached_node) if execute and flags.WHICH == 'build' else none -%}
    {%- if tested and tested.config.materialized in ('incremental', 'view') and tested.config.meta.time_column and not should_full_refresh() -%}
        {%- set meta = tested.config.meta -%}
        {%- set since = graph.nodes['model.regime.' ~ meta.get('rebuilt_since', 'rebuild_start')] -%}
        {%- set found = run_query('select rebuild_from from ' ~ since.relation_name).columns[0].values()[0] | string -%}
        {{ return('(select * from ' ~ relation ~ ' where ' ~ meta.time_column ~ ' >= '
            ~ _days_before(found, meta.get('rebuilt_days_before', 0)) ~ ') as rewritten') }}
    {%- endif -%}
    {{ return(dbt.default__get_where_subquery(relation)) }}
{%- endmacro %}

{# Columns of the tested model that are not_null by its .yml, and not by a constraint of its table. In a generic test `model` is the
   relation; this macro sees the test's own node. #}
{% macro columns_never_null() -%}
    {%- set names = [] -%}
    {%- set tested = graph.nodes.get(model.attached_node) if execute else none -%}
    {%- if tested and not (tested.config.contract.enforced and tested.config.materialized in ('table', 'incremental')) -%}
        {%- for column in tested.columns.values() if column.constraints | selectattr('type', 'equalto', 'not_null') | list -%}
            {%- do names.append(column.name) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(names) }}
{%- endmacro %}
