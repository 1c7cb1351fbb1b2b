// The local APIC (Intel SDM vol. 3, chapter on the APIC): registers, priorities, timer, messages.

import { describe, expect, it } from 'vitest';
import { MemorySpace } from '../../../src-main/engine/bus/memory-space.ts';
import { IoApic } from '../../../src-main/engine/devices/ioapic/io-apic.ts';
import { ApicBus } from '../../../src-main/engine/devices/lapic/apic-bus.ts';
import { LocalApic } from '../../../src-main/engine/devices/lapic/local-apic.ts';
import { Pic } from '../../../src-main/engine/devices/pic/pic.ts';
import { accessor, fakeContext } from '../../support/fake-context.ts';

const APIC = 0xfee0_0000;
const IOAPIC = 0xfec0_0000;
const [ID, TPR, PPR, EOI, LDR, DFR, SVR] = [0x20, 0x80, 0xa0, 0xb0, 0xd0, 0xe0, 0xf0];
const [ISR, TMR, IRR, ESR, ICR, ICR_HIGH] = [0x100, 0x180, 0x200, 0x280, 0x300, 0x310];
const [LVT_TIMER, LVT_LINT0, LVT_LINT1, LVT_ERROR] = [0x320, 0x350, 0x360, 0x370];
const [INITIAL, CURRENT, DIVIDE] = [0x380, 0x390, 0x3e0];
const FIXED = 0;

function board(processors = 1) {
  const context = fakeContext();
  const memory = new MemorySpace();
  const bus = new ApicBus();
  const pic = new Pic(context);
  const cpus = Array.from({ length: processors }, (_, apicId) => {
    const events: string[] = [];
    const apic = new LocalApic(context, {
      id: `lapic${apicId}`,
      apicId,
      bus,
      pic,
      memory,
      processor: {
        interruptPending: (pending) => events.push(pending ? 'intr' : 'no intr'),
        nmi: () => events.push('nmi'),
        smi: () => events.push('smi'),
        init: () => events.push('init'),
        startup: (vector) => events.push(`startup ${vector.toString(16)}`),
      },
    });
    if (apicId === 0) memory.attach(apic);
    const io = accessor(apic);
    const get = (register: number) => io.in(APIC + register, 4);
    const put = (register: number, value: number) => io.out(APIC + register, value, 4);
    return { apic, events, get, put };
  });
  const ioApic = new IoApic(context, { bus, apicId: processors });
  const ioPort = accessor(ioApic);
  const redirect = (pin: number, low: number, high = 0) => {
    ioPort.out(IOAPIC, 0x10 + 2 * pin, 4);
    ioPort.out(IOAPIC + 0x10, low, 4);
    ioPort.out(IOAPIC, 0x11 + 2 * pin, 4);
    ioPort.out(IOAPIC + 0x10, high, 4);
  };
  const ioRead = (register: number) => {
    ioPort.out(IOAPIC, register, 4);
    return ioPort.in(IOAPIC + 0x10, 4);
  };
  return { context, memory, bus, pic, ioApic, redirect, ioRead, cpus, ...cpus[0]! };
}

/** A board whose first local APIC is software-enabled. */
function enabled(processors = 1) {
  const all = board(processors);
  for (const cpu of all.cpus) cpu.put(SVR, 0x1ff);
  return all;
}

describe('local APIC registers', () => {
  it('come out of reset as table 11-1 and virtual wire mode say', () => {
    const { get, apic } = board();
    apic.reset();
    expect([get(ID), get(0x30), get(DFR), get(LDR), get(SVR)]).toEqual([0, 0x50014, 0xffff_ffff, 0, 0xff]);
    expect([get(LVT_TIMER), get(LVT_LINT0), get(LVT_LINT1)]).toEqual([0x1_0000, 0x700, 0x400]);
  });

  it('are 32 bits wide; narrow writes have no effect', () => {
    const { apic, get } = enabled();
    apic.write(0, TPR, 1, 0x55);
    apic.write(0, TPR + 1, 4, 0x55);
    expect([get(TPR), apic.read(0, 0x30, 2), apic.read(0, 0x31, 1), apic.read(0, 0x34, 4)]).toEqual([
      0, 0x14, 0, 0,
    ]);
  });

  it('mask all local vectors while software-disabled', () => {
    const { get, put } = enabled();
    put(LVT_TIMER, 0x30);
    expect(get(LVT_TIMER)).toBe(0x30);
    put(SVR, 0xff);
    expect(get(LVT_TIMER)).toBe(0x1_0030);
    put(LVT_TIMER, 0x31);
    expect(get(LVT_TIMER)).toBe(0x1_0031);
  });
});

describe('local APIC interrupts', () => {
  it('accepts, delivers and ends a vector', () => {
    const { apic, events, get, put } = enabled();
    apic.accept(FIXED, 0x41, false);
    expect([get(IRR + 0x20), apic.pending(), events]).toEqual([2, true, ['intr']]);
    expect(apic.acknowledge()).toBe(0x41);
    expect([get(IRR + 0x20), get(ISR + 0x20), get(PPR), apic.pending()]).toEqual([0, 2, 0x40, false]);
    put(EOI, 0);
    expect([get(ISR + 0x20), get(PPR)]).toEqual([0, 0]);
  });

  it('lets only a higher class interrupt', () => {
    const { apic, put } = enabled();
    apic.accept(FIXED, 0x41, false);
    apic.acknowledge();
    apic.accept(FIXED, 0x4f, false);
    expect(apic.pending()).toBe(false);
    apic.accept(FIXED, 0x50, false);
    expect(apic.acknowledge()).toBe(0x50);
    put(EOI, 0);
    put(EOI, 0);
    expect(apic.acknowledge()).toBe(0x4f);
  });

  it('holds back classes up to the task priority; CR8 is its upper half', () => {
    const { apic, get, put, events } = enabled();
    put(TPR, 0x40);
    apic.accept(FIXED, 0x4f, false);
    expect([apic.pending(), apic.readTaskPriority()]).toEqual([false, 4]);
    apic.writeTaskPriority(3);
    expect([apic.pending(), get(TPR), events]).toEqual([true, 0x30, ['intr']]);
    put(TPR, 0x40);
    expect(apic.acknowledge()).toBe(0xff); // too late: spurious
  });

  it('reports vectors below 16', () => {
    const { apic, get, put } = enabled();
    put(LVT_ERROR, 0xfe);
    apic.accept(FIXED, 5, false);
    put(ESR, 0);
    expect([get(ESR), apic.acknowledge()]).toEqual([0x40, 0xfe]);
    put(ICR, 0x4_0001);
    put(ESR, 0);
    expect(get(ESR)).toBe(0x20);
    put(ESR, 0);
    expect(get(ESR)).toBe(0);
  });

  it('survives an error entry with an illegal vector', () => {
    const { get, put } = enabled();
    put(LVT_ERROR, 0x02);
    put(ICR, 0x4_0001);
    put(ESR, 0);
    expect(get(ESR)).toBe(0x20);
  });

  it('gives nothing while software-disabled, but passes NMI, INIT and SMI', () => {
    const { apic, events } = board();
    apic.accept(FIXED, 0x41, false);
    apic.accept(4, 0, false);
    apic.accept(5, 0, false);
    apic.accept(2, 0, false);
    expect([apic.pending(), events]).toEqual([false, ['nmi', 'init', 'smi']]);
  });
});

describe('inter-processor interrupts', () => {
  it('reach self, all and all others', () => {
    const { cpus, put } = enabled(3);
    const pending = () => cpus.map((cpu) => cpu.apic.pending());
    put(ICR, 0x4_0041);
    expect(pending()).toEqual([true, false, false]);
    put(ICR, 0xc_0041);
    expect(pending()).toEqual([true, true, true]);
    for (const cpu of cpus) cpu.apic.acknowledge();
    put(ICR, 0x8_0051);
    expect(pending()).toEqual([true, true, true]);
  });

  it('reach one by physical, flat or cluster destination', () => {
    const { cpus, put } = enabled(3);
    const pending = () => cpus.map((cpu) => (cpu.apic.pending() ? cpu.apic.acknowledge() : 0));
    put(ICR_HIGH, 0x0200_0000);
    put(ICR, 0x41);
    expect(pending()).toEqual([0, 0, 0x41]);
    cpus.forEach((cpu, i) => {
      cpu.put(LDR, 1 << (24 + i));
    });
    put(ICR_HIGH, 0x0300_0000);
    put(ICR, 0x851);
    expect(pending()).toEqual([0x51, 0x51, 0]);
    cpus.forEach((cpu, i) => {
      cpu.put(DFR, 0x0fff_ffff);
      cpu.put(LDR, (0x10 + (1 << i)) << 24);
    });
    put(ICR_HIGH, 0x1200_0000);
    put(ICR, 0x861);
    expect(pending()).toEqual([0, 0x61, 0]);
  });

  it('start another processor with INIT and startup', () => {
    const { cpus, put } = enabled(2);
    put(ICR_HIGH, 0x0100_0000);
    put(ICR, 0xc500);
    put(ICR, 0x8500); // de-assert: nothing
    put(ICR, 0x069a);
    expect(cpus[1]!.events).toEqual(['init', 'startup 9a']);
  });

  it('go to the processor of lowest priority', () => {
    const { bus, cpus } = enabled(2);
    cpus[0]!.put(TPR, 0x20);
    bus.send(1, 0x61, false, 0xff, false);
    expect(cpus.map((cpu) => cpu.apic.pending())).toEqual([false, true]);
  });

  it('can be MSIs', () => {
    const { bus, apic } = enabled();
    bus.sendMsi(0xfee0_0000, 0x0071);
    expect(apic.acknowledge()).toBe(0x71);
  });
});

describe('local APIC timer', () => {
  it('counts down once and interrupts', () => {
    const { context, apic, get, put } = enabled();
    put(DIVIDE, 0x3); // by 16
    put(LVT_TIMER, 0x60);
    put(INITIAL, 1000);
    context.clock.advance(16 * 400);
    expect([get(CURRENT), apic.pending()]).toEqual([600, false]);
    context.clock.advance(16 * 600);
    expect([get(CURRENT), apic.acknowledge()]).toEqual([0, 0x60]);
    put(EOI, 0);
    context.clock.advance(1e9);
    expect(apic.pending()).toBe(false);
  });

  it('repeats in periodic mode, once for all that a late host missed', () => {
    const { context, apic, get, put } = enabled();
    put(DIVIDE, 0xb); // by 1
    put(LVT_TIMER, 0x2_0060);
    put(INITIAL, 1000);
    let count = 0;
    const serve = () => {
      for (; apic.pending(); count++) {
        apic.acknowledge();
        put(EOI, 0);
      }
    };
    for (let i = 0; i < 10; i++, serve()) context.clock.advance(1000);
    expect(count).toBe(10);
    context.clock.jump(50_500);
    serve();
    expect([count, get(CURRENT)]).toEqual([11, 500]);
  });

  it('goes on counting through a change of mode, and does not start again by one', () => {
    const { context, apic, get, put } = enabled();
    put(DIVIDE, 0xb); // by 1
    put(LVT_TIMER, 0x60);
    put(INITIAL, 1000);
    context.clock.advance(700);
    put(LVT_TIMER, 0x2_0060);
    expect(get(CURRENT)).toBe(300);
    put(LVT_TIMER, 0x60);
    context.clock.advance(300);
    apic.acknowledge();
    put(EOI, 0);
    put(LVT_TIMER, 0x2_0060);
    context.clock.advance(1500);
    expect([get(CURRENT), apic.pending()]).toEqual([0, false]);
  });

  it('knows all dividers', () => {
    const { context, get, put } = enabled();
    for (const [code, divider] of [
      [0, 2],
      [1, 4],
      [2, 8],
      [3, 16],
      [8, 32],
      [9, 64],
      [10, 128],
      [11, 1],
    ] as const) {
      put(DIVIDE, code);
      put(INITIAL, 10_000);
      context.clock.advance(divider * 100);
      expect(get(CURRENT)).toBe(9900);
    }
  });

  it('counts masked without interrupting, and a later unmasking gives nothing back', () => {
    const { context, apic, get, put } = enabled();
    put(LVT_TIMER, 0x1_0060);
    put(INITIAL, 1000);
    expect(context.clock.timers.nextDeadlineNs()).toBe(Infinity);
    context.clock.advance(1e6);
    expect(get(CURRENT)).toBe(0);
    put(LVT_TIMER, 0x60);
    context.clock.advance(1e6);
    expect(apic.pending()).toBe(false);
  });

  it('is not lost when the entry is rewritten between the deadline and its report', () => {
    const { context, apic, put } = enabled();
    put(LVT_TIMER, 0x60);
    put(INITIAL, 10);
    let seen = false;
    const early = context.clock.timer(() => {
      put(LVT_TIMER, 0x61);
      seen = true;
    });
    early.arm(1);
    context.clock.jump(1e6);
    expect([seen, apic.acknowledge()]).toEqual([true, 0x61]);
  });

  it('stops with an initial count of zero', () => {
    const { context, apic, put } = enabled();
    put(LVT_TIMER, 0x60);
    put(INITIAL, 10);
    put(INITIAL, 0);
    context.clock.advance(1e6);
    expect(apic.pending()).toBe(false);
  });
});

describe('8259 behind the local APIC', () => {
  function withPic(all = board()) {
    const io = accessor(all.pic);
    for (const [port, value] of [
      [0x20, 0x11],
      [0x21, 0x20],
      [0x21, 4],
      [0x21, 1],
      [0xa0, 0x11],
      [0xa1, 0x28],
      [0xa1, 2],
      [0xa1, 1],
    ] as const) {
      io.out(port, value);
    }
    const follow = () => all.apic.lint0.set(all.pic.pending());
    const raise = (irq: number) => {
      all.pic.input(irq).set(true);
      all.pic.input(irq).set(false);
      follow();
    };
    return { ...all, raise, follow };
  }

  it('passes through LINT0 without any set-up (nolapic)', () => {
    const { apic, raise, follow, events } = withPic();
    raise(4);
    expect([events, apic.acknowledge()]).toEqual([['intr'], 0x24]);
    follow();
    expect(apic.pending()).toBe(false);
  });

  it('passes in virtual wire mode and comes after own vectors', () => {
    const { apic, raise, follow } = withPic(enabled());
    raise(4);
    apic.accept(FIXED, 0x61, false);
    expect(apic.acknowledge()).toBe(0x61);
    expect(apic.acknowledge()).toBe(0x24);
    follow();
    expect(apic.pending()).toBe(false);
  });

  it('is shut off by masking LINT0', () => {
    const { apic, put, raise } = withPic(enabled());
    put(LVT_LINT0, 0x1_0700);
    raise(4);
    expect(apic.pending()).toBe(false);
    put(LVT_LINT0, 0x700);
    expect(apic.pending()).toBe(true);
  });

  it('can drive LINT0 as a vector of its own', () => {
    const { apic, put, raise } = withPic(enabled());
    put(LVT_LINT0, 0x35);
    raise(4);
    expect(apic.acknowledge()).toBe(0x35);
  });

  it('gets the processor back when the APIC is disabled by its base MSR', () => {
    const { apic, put, memory, raise } = withPic(enabled());
    put(LVT_LINT0, 0x1_0700);
    raise(4);
    expect(apic.pending()).toBe(false);
    apic.writeBase(0xfee0_0100, 0);
    expect([apic.acknowledge(), memory.read(APIC + 0x30, 4)]).toEqual([0x24, 0xffff_ffff]);
    apic.writeBase(0xfed0_0900, 0);
    expect(memory.read(0xfed0_0030, 4)).toBe(0x50014);
  });

  it('delivers LINT1 as NMI', () => {
    const { apic, put, events } = enabled();
    put(LVT_LINT1, 0x400);
    apic.lint1.set(true);
    apic.lint1.set(true);
    expect(events).toEqual(['nmi']);
  });
});

describe('I/O APIC', () => {
  it('has 24 masked inputs and version 11h', () => {
    const { ioRead } = board();
    expect([ioRead(0), ioRead(1), ioRead(0x10), ioRead(0x3e), ioRead(0x40)]).toEqual([
      0x0100_0000, 0x17_0011, 0x1_0000, 0x1_0000, 0,
    ]);
  });

  it('sends an edge once, and loses it while masked', () => {
    const { ioApic, apic, put, redirect } = enabled();
    const line = ioApic.input(4);
    line.set(true);
    line.set(false);
    redirect(4, 0x44);
    expect(apic.pending()).toBe(false);
    line.set(true);
    expect(apic.acknowledge()).toBe(0x44);
    put(EOI, 0);
    expect(apic.pending()).toBe(false);
  });

  it('sends a level until it falls, once per EOI, with remote IRR in between', () => {
    const { ioApic, apic, get, put, redirect, ioRead } = enabled();
    redirect(10, 0x8053);
    const line = ioApic.input(10);
    line.set(true);
    expect([ioRead(0x24), get(TMR + 0x20)]).toEqual([0xc053, 1 << 19]);
    expect(apic.acknowledge()).toBe(0x53);
    expect(apic.pending()).toBe(false);
    put(EOI, 0);
    expect(apic.acknowledge()).toBe(0x53);
    line.set(false);
    put(EOI, 0);
    expect([apic.pending(), ioRead(0x24)]).toEqual([false, 0x8053]);
  });

  it('sends a level that waited when it is unmasked', () => {
    const { ioApic, apic, redirect } = enabled();
    redirect(10, 0x1_8053);
    ioApic.input(10).set(true);
    expect(apic.pending()).toBe(false);
    redirect(10, 0x8053);
    expect(apic.acknowledge()).toBe(0x53);
  });

  it('forgets remote IRR when switched to edge and back', () => {
    const { ioApic, redirect, ioRead } = enabled();
    redirect(10, 0x8053);
    ioApic.input(10).set(true);
    ioApic.input(10).set(false);
    redirect(10, 0x1_0053);
    expect(ioRead(0x24)).toBe(0x1_0053);
    redirect(10, 0x8053);
    expect(ioRead(0x24)).toBe(0x8053);
  });

  it('finds its processor by destination', () => {
    const { ioApic, cpus, redirect } = enabled(2);
    redirect(3, 0x43, 0x0100_0000);
    ioApic.input(3).set(true);
    expect(cpus.map((cpu) => cpu.apic.pending())).toEqual([false, true]);
  });

  it('delivers NMI', () => {
    const { ioApic, events, redirect } = enabled();
    redirect(23, 0x400);
    ioApic.input(23).set(true);
    expect(events).toEqual(['nmi']);
  });
});
