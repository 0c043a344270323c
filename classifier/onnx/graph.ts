import protobuf, { type BinaryWriter } from 'google-protobuf';

/** Version of the default operator set: every operator below is in it as it is used. */
export const ONNX_OPSET = 17;
// The file format that came with it, and the codes of onnx.proto.
const IR_VERSION = 8;
const FLOAT = 1;
const INT64 = 7;

type Attribute = number | readonly number[];
/** A dimension; a text names one that may have any length. */
type Dimension = number | string;
type Write = (writer: BinaryWriter) => void;

export interface OnnxPort {
  name: string;
  shape: readonly Dimension[];
}

export interface OnnxModel {
  inputs: readonly OnnxPort[];
  outputs: readonly OnnxPort[];
  /** What a reader should know, by name. */
  metadata: Readonly<Record<string, string>>;
}

/** Writes a message of the format (github.com/onnx/onnx, onnx.proto) as field `field` of another. */
const message = (writer: BinaryWriter, field: number, write: Write): void =>
  writer.writeMessage(field, {}, (_, inner: BinaryWriter) => write(inner));

function writeAttribute(writer: BinaryWriter, name: string, value: Attribute): void {
  writer.writeString(1, name);
  if (typeof value === 'number') writer.writeInt64(3, value);
  else writer.writePackedInt64(8, value);
  writer.writeEnum(20, typeof value === 'number' ? 2 : 7);
}

function writePort(writer: BinaryWriter, { name, shape }: OnnxPort): void {
  writer.writeString(1, name);
  message(writer, 2, (type) =>
    message(type, 1, (tensor) => {
      tensor.writeEnum(1, FLOAT);
      message(tensor, 2, (dimensions) => {
        for (const size of shape) {
          message(dimensions, 1, (dimension) => {
            if (typeof size === 'number') dimension.writeInt64(1, size);
            else dimension.writeString(2, size);
          });
        }
      });
    }),
  );
}

/** A graph of ONNX operators on float tensors; values are named by the nodes that make them. */
export class OnnxGraph {
  private readonly nodes: Write[] = [];
  private readonly constants: Write[] = [];

  /** Adds an operator and gives the name of its result. */
  add(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    name = `${operator}_${this.nodes.length}`,
  ): string {
    this.nodes.push((writer) => {
      writer.writeRepeatedString(1, inputs);
      writer.writeRepeatedString(2, [name]);
      writer.writeString(3, name);
      writer.writeString(4, operator);
      for (const [key, value] of Object.entries(attributes)) {
        message(writer, 5, (attribute) => writeAttribute(attribute, key, value));
      }
    });
    return name;
  }

  /** Adds numbers; int64 ones (shapes, axes, positions) as a BigInt64Array. */
  constant(values: Float32Array | BigInt64Array, shape: readonly number[]): string {
    const name = `constant_${this.constants.length}`;
    this.constants.push((writer) => {
      writer.writePackedInt64(1, shape);
      writer.writeEnum(2, values instanceof Float32Array ? FLOAT : INT64);
      writer.writeString(8, name);
      writer.writeBytes(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    });
    return name;
  }

  scalar = (value: number): string => this.constant(Float32Array.of(value), []);

  integers = (...values: readonly number[]): string =>
    this.constant(BigInt64Array.from(values, BigInt), [values.length]);

  /** The whole model as the bytes of an .onnx file. */
  encode({ inputs, outputs, metadata }: OnnxModel): Uint8Array {
    const writer = new protobuf.BinaryWriter();
    writer.writeInt64(1, IR_VERSION);
    writer.writeString(2, 'cbed-gan');
    message(writer, 7, (graph) => {
      for (const node of this.nodes) message(graph, 1, node);
      graph.writeString(2, 'classifier');
      for (const constant of this.constants) message(graph, 5, constant);
      for (const port of inputs) message(graph, 11, (one) => writePort(one, port));
      for (const port of outputs) message(graph, 12, (one) => writePort(one, port));
    });
    message(writer, 8, (operators) => {
      operators.writeString(1, '');
      operators.writeInt64(2, ONNX_OPSET);
    });
    for (const [key, value] of Object.entries(metadata)) {
      message(writer, 14, (entry) => {
        entry.writeString(1, key);
        entry.writeString(2, value);
      });
    }
    return writer.getResultBuffer();
  }
}
