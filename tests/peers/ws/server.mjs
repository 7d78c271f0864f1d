// Rooms without a framework: what a member sends goes to all members of its room as it is.
//
// A client connects to `/?room=N`. A message is 20 bytes that nobody here reads: the member's number, where it is, when
// it was sent.

import { WebSocketServer } from "ws";

const rooms = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false, backlog: 4096 });

server.on("connection", (socket, request) => {
  request.socket.setNoDelay(true);
  const room = new URL(request.url, "ws://server").searchParams.get("room");
  const members = rooms.get(room) ?? new Set();
  rooms.set(room, members.add(socket));
  socket.on("message", (message) => {
    for (const member of members) {
      member.send(message, { binary: true });
    }
  });
  socket.on("close", () => members.delete(socket));
});

server.on("listening", () => console.log(`listening on 127.0.0.1:${server.address().port}`));
