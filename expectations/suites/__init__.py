"""One file per dataset, named as the dataset; each declares SUITE. A new dataset is a new file, nothing else."""

from functools import cache
from importlib import import_module

from expectations.rules import Suite


class SuiteError(LookupError):
    """A dataset has no suite; the message says where to write one."""


@cache
def suite_of(dataset: str) -> Suite:
    """The suite of a dataset."""
    try:
        module = import_module(f"expectations.suites.{dataset}")
    except ModuleNotFoundError as error:
        raise SuiteError(f"dataset {dataset} has no guards; write expectations/suites/{dataset}.py") from error
    suite: Suite = module.SUITE
    return suite
