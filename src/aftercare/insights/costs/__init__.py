"""Costs: what each case costs, to the cent, and what made it dearer or cheaper.

A **cost line** is what one fact cost: its quantity, its rate, its amount. Lines are never edited: a wrong one is undone by a
**counter-line**. A **rate** is what one unit costs from a day on. A **bridge** divides the difference between two periods into
volume, mix, efficiency and rate. A **lever** is a project that shall make service cheaper, with what it cost and what it saved.
"""

from aftercare.insights.costs.bridges import BRIDGE_CUTS, CostBridge, bridge
from aftercare.insights.costs.files import bridges_of, read_cost_lines, sums
from aftercare.insights.costs.ledger import Kept, keep_ledger, read_again
from aftercare.insights.costs.lines import NewCostLine, case_costs, enter_line, reverse_line
from aftercare.insights.costs.model import CostKind, LeverKind, RateKind
from aftercare.insights.costs.pricing import (
    CostRateView,
    MissingCostRate,
    NewCostRate,
    add_rates,
    missing_rates,
    price_anew,
    rates,
    set_rate,
)
from aftercare.insights.costs.projects import (
    LeverScope,
    LeverView,
    NewLever,
    NewSpending,
    levers,
    set_lever,
    spend,
)
from aftercare.insights.costs.reading import CostCut, Which, cut_by, dearest, summary, whole_days

__all__ = [
    "BRIDGE_CUTS",
    "CostBridge",
    "CostCut",
    "CostKind",
    "CostRateView",
    "Kept",
    "LeverKind",
    "LeverScope",
    "LeverView",
    "MissingCostRate",
    "NewCostLine",
    "NewCostRate",
    "NewLever",
    "NewSpending",
    "RateKind",
    "Which",
    "add_rates",
    "bridge",
    "bridges_of",
    "case_costs",
    "cut_by",
    "dearest",
    "enter_line",
    "keep_ledger",
    "levers",
    "missing_rates",
    "price_anew",
    "rates",
    "read_again",
    "read_cost_lines",
    "reverse_line",
    "set_lever",
    "set_rate",
    "spend",
    "summary",
    "sums",
    "whole_days",
]
