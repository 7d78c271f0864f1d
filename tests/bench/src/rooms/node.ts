// This product, by its SDK for TypeScript.

import type { Seat, Seen, Walk } from "./move";
import { DbConnection } from "./module_bindings";

/** Connects, takes the seat and watches the room. */
export function enterNode(
  address: string,
  protocol: string,
  isConfirmed: boolean,
  seat: Seat,
  seen: Seen,
): Promise<Walk> {
  return new Promise((resolve, reject) => {
    DbConnection.builder()
      .withUri(`http://${address}`)
      .withDatabaseName("rooms")
      .withCompression("none")
      .withConfirmedReads(isConfirmed)
      .onConnectError((_, cause) => reject(cause))
      .onConnect(async (connection) => {
        const position = connection.db.position;
        position.onUpdate((_context, _old, row) => seen(row.member, Number(row.sentMicros)));
        await connection.reducers.enter({ room: seat.room, seat: seat.seat });
        connection
          .subscriptionBuilder()
          .onError((context) => reject(context.event))
          .onApplied(() =>
            resolve(({ member, x, y, sent }) => {
              const move = { member, x, y, sentMicros: BigInt(sent) };
              const { reducers } = connection;
              const called = protocol === "node-ticking" ? reducers.steer(move) : reducers.walk(move);
              // A call that fails is missing from what others see.
              called.catch(() => undefined);
            }),
          )
          .subscribe(`SELECT * FROM position WHERE room = ${seat.room}`);
      })
      .build();
  });
}
