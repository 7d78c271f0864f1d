// What all systems have in common: members of rooms who move and see each other.

/** A member's place. */
export interface Seat {
  room: number;
  seat: number;
  /** Counted over all rooms. */
  member: number;
}

/** A member has gone somewhere. */
export interface Move {
  member: number;
  x: number;
  y: number;
  /** When it was due, by the clock of the run, in microseconds. */
  sent: number;
}

/** What is called when a member sees a move. */
export type Seen = (member: number, sent: number) => void;

/** Makes a move of the member that has entered. */
export type Walk = (move: Move) => void;
