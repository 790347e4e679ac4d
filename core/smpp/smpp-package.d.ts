/** The part of `smpp` 0.5.1 that codec.ts uses: its tables of commands, fields and TLVs. The package has no types. */
declare module "smpp" {
  export interface FieldType {
    read(buffer: Uint8Array, offset: number, length?: number): unknown;
    write(value: unknown, buffer: Uint8Array, offset: number): void;
    size(value: unknown): number;
    readonly default: unknown;
  }
  interface Tables {
    readonly commands: Readonly<
      Record<string, { readonly id: number; readonly params?: Readonly<Record<string, { readonly type: FieldType }>> }>
    >;
    readonly tlvs: Readonly<
      Record<
        string,
        { readonly id: number; readonly tag: string; readonly type: FieldType; readonly multiple?: boolean }
      >
    >;
    readonly types: {
      readonly cstring: FieldType;
      readonly int8: FieldType;
      readonly int16: FieldType;
      readonly int32: FieldType;
      readonly tlv: { readonly cstring: FieldType; readonly string: FieldType; readonly buffer: FieldType };
    };
    readonly errors: Readonly<Record<string, number>>;
  }
  const tables: Tables;

  // biome-ignore lint/style/noDefaultExport: a CommonJS module has no other shape on every runtime.
  export default tables;
}
