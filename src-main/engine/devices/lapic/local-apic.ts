// The local APIC of one processor in xAPIC mode (registers at FEE00000h). The 8259's INTR comes in on LINT0;
// `pending` and `acknowledge` are what the processor sees of both.
// Reference: Intel SDM vol. 3A, chapter 11 (APIC), table 11-1 (register map).

import { extractBytes } from '../../base/bits.ts';
import type { Bus } from '../../bus/address-space.ts';
import type { IrqLine } from '../../bus/irq-line.ts';
import type { InterruptController, ProcessorSignals } from '../capabilities.ts';
import type { Device, DeviceContext, Region, Width } from '../device.ts';
import {
  type ApicBus,
  type ApicTarget,
  DELIVERY_EXTINT,
  DELIVERY_FIXED,
  DELIVERY_INIT,
  DELIVERY_LOWEST,
  DELIVERY_NMI,
  DELIVERY_SMI,
  DELIVERY_STARTUP,
} from './apic-bus.ts';
import * as R from './apic-registers.ts';
import { LOCAL_APIC, type LocalApicState } from './apic-registers.ts';
import { ApicTimer } from './apic-timer.ts';
import { addVector, hasVector, highestVector, removeVector } from './vector-set.ts';

export interface LocalApicOptions {
  /** "lapic0": also the snapshot section. */
  readonly id: string;
  /** Initial APIC ID; 0 is the bootstrap processor. */
  readonly apicId: number;
  readonly bus: ApicBus;
  /** The 8259 pair behind LINT0. */
  readonly pic: InterruptController;
  readonly processor: ProcessorSignals;
  /** The memory space, to move the register page. */
  readonly memory: Pick<Bus, 'move'>;
}

export class LocalApic implements Device<LocalApicState>, ApicTarget, InterruptController {
  readonly id: string;
  readonly spec = LOCAL_APIC;
  readonly state = LOCAL_APIC.create();
  readonly regions: readonly Region[] = [{ space: 'memory', base: 0xfee0_0000, length: 0x1000 }];
  /** LINT0, from INTR of the 8259; LINT1, from the board's NMI sources. */
  readonly lint0: IrqLine = { set: (level) => this.setLint0(level) };
  readonly lint1: IrqLine = { set: (level) => this.setLint1(level) };
  private readonly options: LocalApicOptions;
  private readonly timer: ApicTimer;
  private output = false;

  constructor(context: DeviceContext, options: LocalApicOptions) {
    this.id = options.id;
    this.options = options;
    this.timer = new ApicTimer(this.state.timer, context.clock, () => this.raiseLocal(R.LVT_TIMER));
    this.powerOn();
    options.bus.attachProcessor(this);
  }

  pending(): boolean {
    return this.output;
  }

  /** INTA: own vectors before the 8259's; the spurious vector when nothing is left. */
  acknowledge(): number {
    const s = this.state;
    const vector = this.deliverable();
    if (vector >= 0) {
      removeVector(s.irr, vector);
      addVector(s.isr, vector);
      this.update();
      return vector;
    }
    if (this.extIntPending()) {
      s.extIntMessage = false;
      const external = this.options.pic.acknowledge();
      this.update();
      return external;
    }
    return s.svr & 0xff;
  }

  /** CR8 and TPR bits 7 to 4 are the same. */
  readTaskPriority(): number {
    return this.state.tpr >>> 4;
  }

  writeTaskPriority(value: number): void {
    this.state.tpr = (value & 0x0f) << 4;
    this.update();
  }

  /** IA32_APIC_BASE was written. Disabling loses all state but the identity. */
  writeBase(low: number, high: number): void {
    const s = this.state;
    const enabled = (low & R.BASE_ENABLE) !== 0;
    if (s.enabled && !enabled) this.clear();
    s.enabled = enabled;
    s.base = (high & 0xff) * 2 ** 32 + ((low & 0xffff_f000) >>> 0);
    this.place();
    this.update();
  }

  matches(destination: number, logical: boolean): boolean {
    const s = this.state;
    if (!s.enabled) return false;
    if (!logical) return destination === 0xff || destination === s.id;
    const ldr = s.ldr >>> 24;
    if (s.dfr >>> 28 === 0x0f) return (ldr & destination) !== 0;
    const cluster = destination >>> 4;
    return (cluster === 0x0f || cluster === ldr >>> 4) && (ldr & destination & 0x0f) !== 0;
  }

  processorPriority(): number {
    const isr = highestVector(this.state.isr);
    const inService = isr < 0 ? 0 : isr & 0xf0;
    return (this.state.tpr & 0xf0) >= inService ? this.state.tpr : inService;
  }

  accept(delivery: number, vector: number, level: boolean): void {
    const { processor } = this.options;
    if (!this.state.enabled) return;
    if (delivery === DELIVERY_FIXED || delivery === DELIVERY_LOWEST) this.acceptVector(vector, level);
    else if (delivery === DELIVERY_SMI) processor.smi();
    else if (delivery === DELIVERY_NMI) processor.nmi();
    else if (delivery === DELIVERY_INIT) processor.init();
    else if (delivery === DELIVERY_STARTUP) processor.startup(vector);
    else if (delivery === DELIVERY_EXTINT) {
      this.state.extIntMessage = true;
      this.update();
    }
  }

  read(_region: number, offset: number, width: Width): number {
    if ((offset & 0x0c) !== 0) return 0;
    const value = this.readRegister(offset & 0xff0);
    return width === 4 ? value : extractBytes(value, offset, width);
  }

  /** Registers are 32 bits wide and nothing else; narrower writes have no effect. */
  write(_region: number, offset: number, width: Width, value: number): void {
    if (width === 4 && (offset & 0x0f) === 0) this.writeRegister(offset, value);
  }

  reset(): void {
    LOCAL_APIC.reset(this.state);
    this.timer.stop();
    this.powerOn();
    this.place();
    this.update();
  }

  /** INIT of the processor: as reset, but place and identity stay. */
  init(): void {
    this.clear();
    this.update();
  }

  afterRestore(): void {
    this.place();
    this.timer.afterRestore();
    this.output = this.wantsInterrupt();
    this.options.processor.interruptPending(this.output);
  }

  private powerOn(): void {
    this.state.id = this.options.apicId;
    // Firmware leaves the bootstrap processor in virtual wire mode: LINT0 is ExtINT, LINT1 is NMI.
    if (this.options.apicId !== 0) return;
    this.state.lvt[R.LVT_LINT0] = DELIVERY_EXTINT << 8;
    this.state.lvt[R.LVT_LINT1] = DELIVERY_NMI << 8;
  }

  private clear(): void {
    const { base, enabled, id, lint0, lint1 } = this.state;
    LOCAL_APIC.reset(this.state);
    Object.assign(this.state, { base, enabled, id, lint0, lint1 });
    this.timer.stop();
  }

  private place(): void {
    this.options.memory.move(this, 0, this.state.enabled ? this.state.base : undefined);
  }

  private readRegister(register: number): number {
    const s = this.state;
    if (register >= R.ISR && register < R.TMR) return s.isr[(register - R.ISR) >>> 4]!;
    if (register >= R.TMR && register < R.IRR) return s.tmr[(register - R.TMR) >>> 4]!;
    if (register >= R.IRR && register < R.ESR) return s.irr[(register - R.IRR) >>> 4]!;
    if (register >= R.LVT && register < R.LVT_END) return s.lvt[(register - R.LVT) >>> 4]!;
    switch (register) {
      case R.ID:
        return (s.id << 24) >>> 0;
      case R.VERSION:
        return R.VERSION_VALUE;
      case R.TPR:
        return s.tpr;
      case R.PPR:
        return this.processorPriority();
      case R.LDR:
        return s.ldr;
      case R.DFR:
        return s.dfr;
      case R.SVR:
        return s.svr;
      case R.ESR:
        return s.esr;
      case R.ICR_LOW:
        return s.icrLow;
      case R.ICR_HIGH:
        return s.icrHigh;
      case R.INITIAL_COUNT:
        return s.timer.initialCount;
      case R.CURRENT_COUNT:
        return this.timer.currentCount();
      case R.DIVIDE:
        return s.timer.divide;
      default:
        return 0;
    }
  }

  private writeRegister(register: number, value: number): void {
    const s = this.state;
    switch (register) {
      case R.ID:
        s.id = value >>> 24;
        break;
      case R.TPR:
        s.tpr = value & 0xff;
        this.update();
        break;
      case R.EOI:
        this.endOfInterrupt();
        break;
      case R.LDR:
        s.ldr = (value & 0xff00_0000) >>> 0;
        break;
      case R.DFR:
        s.dfr = (value | 0x0fff_ffff) >>> 0;
        break;
      case R.SVR:
        this.writeSpurious(value);
        break;
      case R.ESR:
        s.esr = s.errors;
        s.errors = 0;
        break;
      case R.ICR_LOW:
        s.icrLow = value & R.ICR_WRITABLE;
        this.sendInterrupt();
        break;
      case R.ICR_HIGH:
        s.icrHigh = (value & 0xff00_0000) >>> 0;
        break;
      case R.INITIAL_COUNT:
        this.timer.start(value);
        break;
      case R.DIVIDE:
        this.timer.setDivide(value);
        break;
      default:
        if (register >= R.LVT && register < R.LVT_END) this.writeLvt((register - R.LVT) >>> 4, value);
    }
  }

  private writeSpurious(value: number): void {
    const s = this.state;
    s.svr = value & 0x3ff;
    // Software-disabled: every local vector is masked and stays so.
    if ((s.svr & R.SVR_ENABLE) === 0) for (let i = 0; i < s.lvt.length; i++) this.writeLvt(i, s.lvt[i]!);
    this.update();
  }

  private writeLvt(entry: number, value: number): void {
    const s = this.state;
    const forced = (s.svr & R.SVR_ENABLE) === 0 ? R.LVT_MASKED : 0;
    s.lvt[entry] = (value & R.LVT_WRITABLE[entry]!) | forced;
    if (entry === R.LVT_TIMER) {
      const lvt = s.lvt[R.LVT_TIMER]!;
      this.timer.configure((lvt & R.LVT_PERIODIC) !== 0, (lvt & R.LVT_MASKED) !== 0);
    } else if (entry === R.LVT_LINT0) {
      this.update();
    }
  }

  private endOfInterrupt(): void {
    const s = this.state;
    const vector = highestVector(s.isr);
    if (vector < 0) return;
    removeVector(s.isr, vector);
    if (hasVector(s.tmr, vector)) this.options.bus.endOfInterrupt(vector);
    this.update();
  }

  private sendInterrupt(): void {
    const { icrLow, icrHigh } = this.state;
    const { bus } = this.options;
    const delivery = (icrLow >>> 8) & 7;
    const vector = icrLow & 0xff;
    const level = (icrLow & R.ICR_LEVEL) !== 0;
    if (delivery === DELIVERY_INIT && level && (icrLow & R.ICR_ASSERT) === 0) return; // INIT level de-assert
    if (delivery <= DELIVERY_LOWEST && vector < 16) {
      this.reportError(R.ERROR_SEND_VECTOR);
      return;
    }
    switch (icrLow >>> 18) {
      case 0:
        bus.send(delivery, vector, false, icrHigh >>> 24, (icrLow & R.ICR_LOGICAL) !== 0);
        break;
      case 1:
        this.accept(delivery, vector, false);
        break;
      default:
        bus.sendToAll(delivery, vector, false, icrLow >>> 18 === 3 ? this : undefined);
    }
  }

  private acceptVector(vector: number, level: boolean): void {
    const s = this.state;
    if ((s.svr & R.SVR_ENABLE) === 0) return;
    if (vector < 16) {
      this.reportError(R.ERROR_RECEIVE_VECTOR);
      return;
    }
    addVector(s.irr, vector);
    if (level) addVector(s.tmr, vector);
    else removeVector(s.tmr, vector);
    this.update();
  }

  private raiseLocal(entry: number): void {
    const lvt = this.state.lvt[entry]!;
    if (lvt & R.LVT_MASKED) return;
    const delivery = entry === R.LVT_TIMER || entry === R.LVT_ERROR ? DELIVERY_FIXED : (lvt >>> 8) & 7;
    this.accept(delivery, lvt & 0xff, false);
  }

  private reportError(bit: number): void {
    const first = (this.state.errors & bit) === 0;
    this.state.errors |= bit;
    if (!first) return;
    // A bad vector in the error entry itself must not report without end.
    const lvt = this.state.lvt[R.LVT_ERROR]!;
    if ((lvt & 0xff) >= 16) this.raiseLocal(R.LVT_ERROR);
  }

  private setLint0(level: boolean): void {
    const rises = level && !this.state.lint0;
    this.state.lint0 = level;
    const delivery = (this.state.lvt[R.LVT_LINT0]! >>> 8) & 7;
    if (rises && this.state.enabled && delivery !== DELIVERY_EXTINT) this.raiseLocal(R.LVT_LINT0);
    this.update();
  }

  private setLint1(level: boolean): void {
    const rises = level && !this.state.lint1;
    this.state.lint1 = level;
    if (!rises) return;
    if (!this.state.enabled) this.options.processor.nmi();
    else this.raiseLocal(R.LVT_LINT1);
  }

  /** The highest requested vector if its class is above the processor priority, or -1. */
  private deliverable(): number {
    const s = this.state;
    if (!s.enabled || (s.svr & R.SVR_ENABLE) === 0) return -1;
    const vector = highestVector(s.irr);
    return vector >= 0 && (vector & 0xf0) > (this.processorPriority() & 0xf0) ? vector : -1;
  }

  private extIntPending(): boolean {
    const s = this.state;
    if (!s.lint0) return false;
    if (!s.enabled || s.extIntMessage) return true;
    const lvt = s.lvt[R.LVT_LINT0]!;
    return (lvt & R.LVT_MASKED) === 0 && ((lvt >>> 8) & 7) === DELIVERY_EXTINT;
  }

  private wantsInterrupt(): boolean {
    return this.deliverable() >= 0 || this.extIntPending();
  }

  private update(): void {
    const output = this.wantsInterrupt();
    if (output === this.output) return;
    this.output = output;
    this.options.processor.interruptPending(output);
  }
}
