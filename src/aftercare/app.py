"""The web application: every context's routes, the faces, health. Importing it registers all tables, facts and reactions."""

from fastapi import APIRouter, FastAPI

from aftercare import __version__
from aftercare.journal import House
from aftercare.kit.http import RequestFrame, explain_problems

ROUTERS: list[APIRouter] = []


def create_app(house: House) -> FastAPI:
    app = FastAPI(
        title="Aftercare", version=__version__, openapi_url="/api/openapi.json", docs_url=None, redoc_url=None
    )
    app.state.house = house
    for router in ROUTERS:
        app.include_router(router, prefix="/api")
    explain_problems(app)
    app.add_middleware(RequestFrame)
    return app
