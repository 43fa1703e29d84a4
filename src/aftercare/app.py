"""The web application: every context's routes, the faces, health. Importing it registers all tables, facts and reactions."""

from fastapi import APIRouter, FastAPI

import aftercare.claims.reactions  # noqa: F401
from aftercare import __version__
from aftercare.cases import routes as cases_routes
from aftercare.claims import routes as claims_routes
from aftercare.connectors import routes as connectors_routes
from aftercare.conversations import routes as conversations_routes
from aftercare.identity import Door
from aftercare.identity import routes as identity_routes
from aftercare.journal import House
from aftercare.journal import http as journal_http
from aftercare.kit.http import RequestFrame, explain_problems
from aftercare.logistics import routes as logistics_routes
from aftercare.people import routes as people_routes
from aftercare.promises import routes as promises_routes
from aftercare.shop import routes as shop_routes
from aftercare.supply import routes as supply_routes

ROUTERS: list[APIRouter] = [
    cases_routes.router,
    claims_routes.router,
    connectors_routes.router,
    conversations_routes.router,
    journal_http.router,
    people_routes.router,
    identity_routes.router,
    logistics_routes.router,
    promises_routes.router,
    shop_routes.router,
    supply_routes.router,
]


def create_app(house: House) -> FastAPI:
    app = FastAPI(
        title="Aftercare", version=__version__, openapi_url="/api/openapi.json", docs_url=None, redoc_url=None
    )
    app.state.house = house
    for router in ROUTERS:
        app.include_router(router, prefix="/api")
    explain_problems(app)
    app.add_middleware(Door, house=house)
    app.add_middleware(RequestFrame)
    return app
