// The plain server, by the library that it is made of.

import WebSocket from "ws";

import type { Seat, Seen, Walk } from "./move";

/** Connects to the room. */
export function enterPlain(address: string, seat: Seat, seen: Seen): Promise<Walk> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://${address}/?room=${seat.room}`, { perMessageDeflate: false });
    socket.on("error", reject);
    socket.on("message", (message: Buffer) => seen(message.readUInt32LE(0), Number(message.readBigUInt64LE(12))));
    socket.on("open", () =>
      resolve(({ member, x, y, sent }) => {
        const message = Buffer.alloc(20);
        message.writeUInt32LE(member, 0);
        message.writeFloatLE(x, 4);
        message.writeFloatLE(y, 8);
        message.writeBigUInt64LE(BigInt(sent), 12);
        socket.send(message);
      }),
    );
  });
}
