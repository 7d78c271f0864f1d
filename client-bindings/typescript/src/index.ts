/** Worldloom for TypeScript game clients: connect, subscribe and call with types. */

export * from "./module_bindings";
export * from "./module_bindings/types";
export * from "./domain_failure";
