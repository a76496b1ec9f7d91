import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Server, ServiceDefinition, UntypedHandleCall, UntypedServiceImplementation } from "@grpc/grpc-js";
import type * as ProtoLoader from "@grpc/proto-loader";
import type * as Reflection from "@grpc/reflection";
import type * as Health from "grpc-health-check";
import { must } from "#lib/base/assert.ts";

/** Where the .proto files lie. */
const PROTO_DIRECTORY = fileURLToPath(new URL("../../proto/", import.meta.url));

const HEALTH = [
  ["/grpc.health.v1.Health/Check", "unary"],
  ["/grpc.health.v1.Health/Watch", "serverStream"],
] as const;
const REFLECTION = [
  ["/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "bidi"],
  ["/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "bidi"],
] as const;

const require = createRequire(import.meta.url);

/**
 * Offers gRPC's standard services on a server: reflection (what services and messages there are, from the .proto files) and health.
 * They are loaded when somebody first asks: that holds up the daemon for a tenth of a second and takes memory, and most are never
 * asked. Who may call them is the server's business.
 */
export function addIntrospection(server: Server): void {
  addLazily(server, HEALTH, loadHealth);
  addLazily(server, REFLECTION, loadReflection);
}

/** What a package adds to a server, by the path of the method. */
type LoadedMethods = ReadonlyMap<
  string,
  { readonly definition: ServiceDefinition[string]; readonly handler: UntypedHandleCall }
>;

/** Loading is synchronous, so that the first call finds its methods as any other does. */
function addLazily(
  server: Server,
  methods: readonly (readonly [path: string, type: string])[],
  load: () => LoadedMethods,
): void {
  let loaded: LoadedMethods | undefined;
  for (const [path, type] of methods) {
    const method = () => must((loaded ??= load()).get(path), `the method ${path}`);
    const handler = (...args: unknown[]): unknown => (method().handler as (...given: unknown[]) => unknown)(...args);
    server.register(
      path,
      handler as never,
      (value: unknown) => method().definition.responseSerialize(value),
      (bytes: Buffer) => method().definition.requestDeserialize(bytes) as unknown,
      type,
    );
  }
}

function loadHealth(): LoadedMethods {
  const { HealthImplementation } = require("grpc-health-check") as typeof Health;
  return methodsOf((server) => new HealthImplementation({ "": "SERVING" }).addToServer(server));
}

function loadReflection(): LoadedMethods {
  const { loadSync } = require("@grpc/proto-loader") as typeof ProtoLoader;
  const { ReflectionService } = require("@grpc/reflection") as typeof Reflection;
  const files = readdirSync(PROTO_DIRECTORY).filter((name) => name.endsWith(".proto"));
  const definition = loadSync(files, { includeDirs: [PROTO_DIRECTORY], keepCase: true });
  const service = new ReflectionService(definition as ConstructorParameters<typeof ReflectionService>[0]);
  return methodsOf((server) => service.addToServer(server));
}

/** Lets a package add its services to a server that only takes note of them. */
function methodsOf(addTo: (server: Pick<Server, "addService">) => void): LoadedMethods {
  const methods = new Map<string, { definition: ServiceDefinition[string]; handler: UntypedHandleCall }>();
  addTo({
    addService: (service: ServiceDefinition, implementation: UntypedServiceImplementation) => {
      for (const [name, definition] of Object.entries(service)) {
        const handler = implementation[name] ?? implementation[definition.originalName ?? name];
        if (handler !== undefined) methods.set(definition.path, { definition, handler: handler.bind(implementation) });
      }
    },
  });
  return methods;
}
