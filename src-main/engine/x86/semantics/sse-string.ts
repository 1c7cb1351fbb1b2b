// PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM of SSE4.2. The comparison itself is a helper.
// Reference: Intel SDM vol. 1, 12.10.7 (there called string and text processing); vol. 2B, section 4.1.

import type { Emitter, Semantics, Value } from './emitter.ts';
import { halves } from './float-lanes.ts';
import { fromHalves, read32, readVector } from './vector-operand.ts';

function stringCompare(explicit: boolean, result: 'index' | 'mask'): Semantics {
  return (e, destination, source, control) => {
    const right = halves(e, readVector(e, source));
    const left = halves(e, readVector(e, destination));
    const imm = e.or(read32(e, control), e.constant(32, explicit ? 0x100 : 0));
    const lengths = [length(e, explicit, 'rax'), length(e, explicit, 'rdx')] as const;
    const packed = e.helper('sseStringCompare', imm, ...lengths, ...left, ...right);
    if (result === 'index') e.setRegister('rcx', e.truncate(packed, 32));
    else e.setState('xmm', fromHalves(e, e.state('scratch', 1), e.state('scratch', 2)), 0);
    e.setEflags(e.truncate(e.shr(packed, e.constant(64, 32)), 32), 0x8d5);
  };
}

/** EAX or EDX as a signed number; the whole register with REX.W. */
function length(e: Emitter, explicit: boolean, register: 'rax' | 'rdx'): Value {
  if (!explicit) return e.constant(64, 0);
  if (e.shape.operandBits === 64) return e.register(register, 64);
  return e.signExtend(e.register(register, 32), 64);
}

export const SSE_STRING: Readonly<Record<string, Semantics>> = {
  PCMPESTRI: stringCompare(true, 'index'),
  PCMPESTRM: stringCompare(true, 'mask'),
  PCMPISTRI: stringCompare(false, 'index'),
  PCMPISTRM: stringCompare(false, 'mask'),
};
