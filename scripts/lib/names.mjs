// Shortens the function names in a Wasm file. They make the trace of a panic readable and are a fifth of what is deployed;
// what is cut are the compiler's crate hashes and the long tails of generic types, which nobody reads.

const LONGEST = 60;
const FUNCTIONS = 1;

/** Reads and writes the numbers of the format, LEB128. */
function reader(bytes, at = 0) {
  const self = {
    at,
    number() {
      let [value, shift, byte] = [0, 0, 0];
      do {
        byte = bytes[self.at++];
        value |= (byte & 127) << shift;
        shift += 7;
      } while (byte & 128);
      return value >>> 0;
    },
    take(length) {
      self.at += length;
      return bytes.subarray(self.at - length, self.at);
    },
  };
  return self;
}

function number(value) {
  const bytes = [];
  do {
    const byte = value & 127;
    value >>>= 7;
    bytes.push(value ? byte | 128 : byte);
  } while (value);
  return Buffer.from(bytes);
}

const sized = (body) => Buffer.concat([number(body.length), body]);

/** A name without crate hashes, and not longer than a line. */
export function short(name) {
  const plain = name.replaceAll(/\[[0-9a-f]{8,}\]|::h[0-9a-f]{16}$/g, "");
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST - 1)}~` : plain;
}

function functionNames(body) {
  const read = reader(body);
  const count = read.number();
  const parts = [number(count)];
  for (let index = 0; index < count; index++) {
    parts.push(number(read.number()));
    parts.push(sized(Buffer.from(short(Buffer.from(read.take(read.number())).toString()))));
  }
  return Buffer.concat(parts);
}

function nameSection(body) {
  const read = reader(body);
  const parts = [];
  while (read.at < body.length) {
    const kind = read.take(1)[0];
    const content = read.take(read.number());
    parts.push(Buffer.from([kind]), sized(kind === FUNCTIONS ? functionNames(content) : content));
  }
  return Buffer.concat(parts);
}

/** The same module with short names. */
export function shortenNames(wasm) {
  const read = reader(wasm, 8);
  const parts = [wasm.subarray(0, 8)];
  while (read.at < wasm.length) {
    const kind = read.take(1)[0];
    const body = read.take(read.number());
    const inside = reader(body);
    const custom = kind === 0 ? Buffer.from(inside.take(inside.number())).toString() : "";
    const kept = custom === "name" ? Buffer.concat([sized(Buffer.from("name")), nameSection(body.subarray(inside.at))]) : body;
    parts.push(Buffer.from([kind]), sized(kept));
  }
  return Buffer.concat(parts);
}
