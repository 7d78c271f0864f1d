"""A peer of `cargo xtask bench peers`: FastAPI before PostgreSQL, over asyncpg.

Uvicorn runs it in as many processes as is best, with uvloop and httptools. Statements are prepared by asyncpg's own
cache, each process has a pool of connections, and a transfer or a session start is one call of a stored procedure. The
environment says where PostgreSQL is.
"""

import os
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import jwt
from fastapi import FastAPI, Header, HTTPException, Response
from pydantic import BaseModel, Field

# The secret of players' tokens, for session starts.
KEY = Path(os.environ["PEER_KEY_FILE"]).read_bytes() if "PEER_KEY_FILE" in os.environ else None

DONE = b'{"outcome":"done"}'
REFUSALS = {1: (422, "same_account"), 2: (404, "no_such_account"), 3: (409, "insufficient")}


class Transfer(BaseModel):
    """Who pays whom, and how much."""

    payer: int = Field(alias="from", ge=0)
    payee: int = Field(alias="to", ge=0)
    amount: int = Field(gt=0)


@asynccontextmanager
async def lifespan(app: FastAPI):
    """Opens the connections of this process, and closes them at its end."""
    connections = int(os.environ["PEER_CONNECTIONS"])
    async with asyncpg.create_pool(
        host=os.environ["PEER_HOST"],
        database=os.environ["PEER_DATABASE"],
        user=os.environ["PEER_USER"],
        server_settings={"synchronous_commit": os.environ["PEER_SYNCHRONOUS_COMMIT"]},
        min_size=connections,
        max_size=connections,
        max_inactive_connection_lifetime=0,
        # A pooled connection is reset by one more round trip otherwise, which nothing here needs.
        reset=no_reset,
    ) as pool:
        app.state.pool = pool
        yield


async def no_reset(_connection):
    """Leaves a connection as it is."""


app = FastAPI(lifespan=lifespan, openapi_url=None)


@app.post("/transfers")
async def transfer(wanted: Transfer):
    """Makes a transfer; the answer comes when it is committed."""
    outcome = await app.state.pool.fetchval(
        "SELECT transfer($1, $2, $3)", wanted.payer, wanted.payee, wanted.amount
    )
    if outcome in REFUSALS:
        status, detail = REFUSALS[outcome]
        raise HTTPException(status, detail)
    return Response(DONE, media_type="application/json")


@app.get("/session")
async def session(authorization: str = Header()):
    """Checks the player's token and returns everything that a player begins with."""
    try:
        player = int(jwt.decode(authorization.removeprefix("Bearer "), KEY, algorithms=["HS256"])["sub"])
    except (jwt.InvalidTokenError, ValueError) as invalid:
        raise HTTPException(401, "unauthenticated") from invalid
    found = await app.state.pool.fetchval("SELECT session_start($1)::text", player)
    if found is None:
        raise HTTPException(404, "no_such_player")
    return Response(found, media_type="application/json")
