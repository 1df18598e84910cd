"""The errors of the report."""


class ReportError(RuntimeError):
    """The report of a week cannot be written; the message says what to do."""


class UnbackedFigureError(ReportError):
    """A text holds a figure that no row of a mart backs, or prints it as something that it is not."""


class InconsistentTextError(ReportError):
    """A sentence claims what a mart or another sentence contradicts."""
