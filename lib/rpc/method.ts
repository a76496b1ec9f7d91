/** One method as ts-proto's `outputServices=grpc-js` generates it. */
export interface Method<Request = never, Reply = unknown> {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (value: Request) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => unknown;
  readonly responseSerialize: (value: never) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Reply;
}

/** A generated service: its methods by name. */
export type Service = Readonly<Record<string, Method>>;

/** The request message of a method. */
export type RequestOf<M> = M extends { readonly requestSerialize: (value: infer Request) => Buffer } ? Request : never;

/** The reply message of a method. */
export type ReplyOf<M> = M extends { readonly responseDeserialize: (bytes: Buffer) => infer Reply } ? Reply : never;

/** Which of the four shapes a method has. */
export type MethodShape = "unary" | "serverStream" | "clientStream" | "bidi";

/** The shape of a method, from its two stream flags. */
export function shapeOf(method: { readonly requestStream: boolean; readonly responseStream: boolean }): MethodShape {
  if (method.requestStream) return method.responseStream ? "bidi" : "clientStream";
  return method.responseStream ? "serverStream" : "unary";
}
