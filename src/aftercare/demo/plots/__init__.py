"""The plots: how matters of customers go, from an application to its end. Each is told by its actors' own verbs."""

# The order in which they are listed, and so in which the year casts them.
from aftercare.demo.plots import returns, money, goods, disputes  # noqa: F401  # isort: skip
from aftercare.demo.plots.disputes import asks
from aftercare.demo.plots.parts import CN, PLOTS, Plot, begins

__all__ = ["CN", "PLOTS", "Plot", "asks", "begins"]
