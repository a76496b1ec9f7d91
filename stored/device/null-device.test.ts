import { NullDevice } from "./null-device.ts";
import { testConformance } from "./conformance.ts";

testConformance({
  name: "null",
  make: async () => ({ device: new NullDevice({ name: "Nothing" }), [Symbol.asyncDispose]: async () => {} }),
});
