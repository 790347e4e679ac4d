/**
 * What we use of the `smpp` package (0.5.1): its tables of every command, field and TLV of SMPP 5.0, each with a type.
 */

export interface FieldType {
  read(buffer: Uint8Array, offset: number, length?: number): unknown;
  write(value: unknown, buffer: Uint8Array, offset: number): void;
  size(value: unknown): number;
  readonly default: unknown;
}

export interface SmppTables {
  readonly commands: Readonly<
    Record<string, { readonly id: number; readonly params?: Readonly<Record<string, { readonly type: FieldType }>> }>
  >;
  readonly tlvs: Readonly<
    Record<string, { readonly id: number; readonly tag: string; readonly type: FieldType; readonly multiple?: boolean }>
  >;
  readonly types: {
    readonly cstring: FieldType;
    /** Octets after one that counts them. */
    readonly buffer: FieldType;
    readonly int8: FieldType;
    readonly int16: FieldType;
    readonly int32: FieldType;
    readonly tlv: { readonly cstring: FieldType; readonly buffer: FieldType };
  };
}
