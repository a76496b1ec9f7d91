import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Server } from "@grpc/grpc-js";

/** Where the .proto files lie. */
const PROTO_DIRECTORY = fileURLToPath(new URL("../../proto/", import.meta.url));

/**
 * Offers gRPC's standard services on a server: reflection (what services and messages there are, from the .proto files) and health.
 * Loading them costs a tenth of a second and some memory, so a server does it a while after its start. Who may call them is the
 * server's business.
 */
export async function addIntrospection(server: Server): Promise<void> {
  const [{ loadSync }, { ReflectionService }, { HealthImplementation }] = await Promise.all([
    import("@grpc/proto-loader"),
    import("@grpc/reflection"),
    import("grpc-health-check"),
  ]);
  const files = (await readdir(PROTO_DIRECTORY)).filter((name) => name.endsWith(".proto"));
  const definition = loadSync(files, { includeDirs: [PROTO_DIRECTORY], keepCase: true });
  new ReflectionService(definition as ConstructorParameters<typeof ReflectionService>[0]).addToServer(server);
  new HealthImplementation({ "": "SERVING" }).addToServer(server);
}
