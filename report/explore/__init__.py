"""The companion of a week's page: its past year in charts to point at and to zoom, in one file that asks for nothing.

What is drawn are figures of marts (panels), as Vega-Lite (specs), drawn by the library out of vl-convert's wheel
(library) on a page with a strict policy (page). Not here: the charts of the note, which need no script (report/charts).
"""
