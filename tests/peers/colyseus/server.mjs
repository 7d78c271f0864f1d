// Rooms on Colyseus, in the two ways that its manual has: positions in the room's state, which Colyseus itself keeps
// equal everywhere, and a message to the room for each move. `--patch-rate` says how many milliseconds pass between two
// messages with changes of the state; without it, Colyseus decides.

import { createServer } from "node:http";
import { parseArgs } from "node:util";

import { Room, Server } from "@colyseus/core";
import { schema, t } from "@colyseus/schema";
import { WebSocketTransport } from "@colyseus/ws-transport";

const { values: options } = parseArgs({ options: { "patch-rate": { type: "string" } } });

const Member = schema({ member: t.uint32(), x: t.float32(), y: t.float32(), sent: t.float64() }, "Member");
const Hall = schema({ members: t.map(Member) }, "Hall");

class StateRoom extends Room {
  onCreate() {
    this.autoDispose = false;
    if (options["patch-rate"]) this.setPatchRate(Number(options["patch-rate"]));
    this.state = new Hall();
    this.onMessage("move", (client, { x, y, sent }) => {
      const member = this.state.members.get(client.sessionId);
      member.x = x;
      member.y = y;
      member.sent = sent;
    });
  }

  onJoin(client, { member }) {
    this.state.members.set(client.sessionId, new Member().assign({ member, x: 0, y: 0, sent: -1 }));
  }
}

class MessagesRoom extends Room {
  onCreate() {
    this.autoDispose = false;
    this.onMessage("move", (client, move) => this.broadcast("move", move));
  }
}

const http = createServer();
const server = new Server({
  greet: false,
  // Without its pings it throws nobody out who is slow to answer under load.
  transport: new WebSocketTransport({ server: http, perMessageDeflate: false, backlog: 4096, pingInterval: 0 }),
});
// A room for each number that clients ask for.
server.define("state", StateRoom).filterBy(["room"]);
server.define("messages", MessagesRoom).filterBy(["room"]);
await server.listen(0, "127.0.0.1");
console.log(`listening on 127.0.0.1:${http.address().port}`);
