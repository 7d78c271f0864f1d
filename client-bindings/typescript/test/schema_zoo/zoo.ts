/** The module that uses every schema feature, published on a node of its own for each test. */

import type { TestContext } from "node:test";

import { TestNode } from "../support/node";
import { connect, type Session } from "../support/session";
import { DbConnection } from "./module_bindings";

const DATABASE = "zoo";

/** A node with the zoo. */
export class Zoo {
  private constructor(
    readonly node: TestNode,
    /** Opens connections of the database's owner. */
    readonly ownerToken: string,
    readonly test: TestContext,
  ) {}

  /** Publishes the zoo. */
  static async open(test: TestContext): Promise<Zoo> {
    const node = await TestNode.start(test);
    return new Zoo(node, await node.publish(DATABASE, "schema_zoo"), test);
  }

  /** A connection, as the token's identity or as a new one. */
  visit(token?: string): Promise<Session<DbConnection>> {
    return connect(this.test, DbConnection.builder(), this.node, DATABASE, token);
  }
}
