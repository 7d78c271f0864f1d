// Colyseus, by its SDK.

import { Client } from "@colyseus/sdk";

import type { Move, Seat, Seen, Walk } from "./move";

/** The state of a room, as far as it matters here. */
interface Hall {
  members: Map<string, Move>;
}

/** Joins the room with this number. */
export async function enterColyseus(address: string, protocol: string, seat: Seat, seen: Seen): Promise<Walk> {
  const client = new Client(`ws://${address}`);
  const kind = protocol.replace("colyseus-", "");
  const room = await client.joinOrCreate<Hall>(kind, { room: seat.room, member: seat.member });
  if (kind === "state") {
    room.onStateChange((state) => state.members.forEach(({ member, sent }) => seen(member, sent)));
  } else {
    room.onMessage("move", ({ member, sent }: Move) => seen(member, sent));
  }
  return (move) => room.send("move", move);
}
