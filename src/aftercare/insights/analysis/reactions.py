"""What follows: a question that was asked is answered."""

from aftercare.insights.analysis.asking import run_analysis
from aftercare.insights.analysis.events import AnalysisAsked
from aftercare.journal import House, after


@after(AnalysisAsked, outside=True, name="insights.answer_analysis")
async def answer_analysis(house: House, fact: AnalysisAsked) -> None:
    """In a process of its own, which takes seconds to minutes; no transaction stays open meanwhile."""
    await run_analysis(house, fact.analysis_id)
