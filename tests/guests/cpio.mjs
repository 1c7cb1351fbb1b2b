// Writes cpio archives in the "newc" format that the Linux kernel unpacks as its initial RAM disk.
// Reference: Linux Documentation/driver-api/early-userspace/buffer-format.rst.

/**
 * @typedef {object} Entry
 * @property {string} name Path without leading slash.
 * @property {number} mode File type and permission bits.
 * @property {Uint8Array} [content] Of a file, or the target of a link.
 */

export const FOLDER = 0o040755;
export const PROGRAM = 0o100755;
export const FILE = 0o100644;
export const LINK = 0o120777;

/**
 * @param {readonly Entry[]} entries
 * @returns {Buffer}
 */
export function cpio(entries) {
  const parts = entries.map((entry, index) => record(entry, index + 1));
  return Buffer.concat([...parts, record({ name: 'TRAILER!!!', mode: 0 }, 0)]);
}

/**
 * @param {Entry} entry
 * @param {number} inode
 */
function record({ name, mode, content = new Uint8Array() }, inode) {
  const links = mode === FOLDER ? 2 : 1;
  // Inode, mode, uid, gid, links, time, size, device numbers (4), length of the name, checksum (unused).
  const fields = [inode, mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`;
  return Buffer.concat([padded(Buffer.from(header, 'latin1')), padded(content)]);
}

/** @param {Uint8Array} bytes */
function padded(bytes) {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
