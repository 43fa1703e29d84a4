"""The libraries that count are imported once, quietly: some warn of their own source as it is compiled."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import statsforecast
    import statsforecast.models  # noqa: F401
    import utilsforecast.losses  # noqa: F401
