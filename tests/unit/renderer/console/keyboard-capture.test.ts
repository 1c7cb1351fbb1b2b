// Keys from the page to scan codes, the host key, and what happens when the focus goes. Reference: PS/2 scan code set 1.

import { describe, expect, it } from 'vitest';
import { KeyboardCapture } from '../../../../src-renderer/features/console/keyboard-capture.ts';

function keyboard(hostKey = 'ControlRight') {
  const sent: number[] = [];
  const happened: string[] = [];
  const capture = new KeyboardCapture({
    send: (codes) => void sent.push(...codes),
    hostKey: () => hostKey,
    free: () => void happened.push('free'),
    copy: () => void happened.push('copy'),
    shortcut: (code) => {
      happened.push(`shortcut ${code}`);
      return true;
    },
  });
  let prevented = 0;
  const event = (code: string, modifiers: { ctrlKey?: boolean; shiftKey?: boolean } = {}) => ({
    code,
    ctrlKey: false,
    shiftKey: false,
    isComposing: false,
    preventDefault: () => void prevented++,
    stopPropagation: () => undefined,
    ...modifiers,
  });
  return { capture, sent, happened, event, prevented: () => prevented };
}

describe('keys of the window for the machine', () => {
  it('go by their place, down and up', () => {
    const { capture, sent, event, prevented } = keyboard();
    capture.keyDown(event('KeyA'));
    capture.keyUp(event('KeyA'));
    expect(sent).toEqual([0x1e, 0x9e]);
    expect(prevented()).toBe(2);
  });

  it('have their prefixes: extended keys and Pause', () => {
    const { capture, sent, event } = keyboard();
    capture.keyDown(event('ArrowUp'));
    capture.keyUp(event('ArrowUp'));
    capture.keyDown(event('Pause'));
    capture.keyUp(event('Pause'));
    expect(sent).toEqual([0xe0, 0x48, 0xe0, 0xc8, 0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5]);
  });

  it('repeat while held', () => {
    const { capture, sent, event } = keyboard();
    capture.keyDown(event('KeyB'));
    capture.keyDown(event('KeyB'));
    expect(sent).toEqual([0x30, 0x30]);
  });

  it('are let go when the window loses them, once', () => {
    const { capture, sent, event } = keyboard();
    capture.keyDown(event('ShiftLeft'));
    capture.keyDown(event('KeyC'));
    sent.length = 0;
    capture.releaseAll();
    capture.keyUp(event('KeyC'));
    expect(sent.toSorted()).toEqual([0xaa, 0xae]);
  });

  it('that only report their release are pressed and released', () => {
    const { capture, sent, event } = keyboard();
    capture.keyUp(event('PrintScreen'));
    expect(sent).toEqual([0xe0, 0x37, 0xe0, 0xb7]);
  });

  it('without a place on a PC keyboard are not sent', () => {
    const { capture, sent, event } = keyboard();
    capture.keyDown(event('LaunchApp2'));
    capture.keyUp(event('LaunchApp2'));
    expect(sent).toEqual([]);
  });

  it('leave an input method alone', () => {
    const { capture, sent, event, prevented } = keyboard();
    capture.keyDown({ ...event('KeyA'), isComposing: true });
    capture.keyDown(event(''));
    expect([sent.length, prevented()]).toEqual([0, 0]);
  });
});

describe('the host key', () => {
  it('frees the keyboard and never reaches the machine', () => {
    const { capture, sent, happened, event } = keyboard();
    capture.keyDown(event('ControlRight'));
    capture.keyDown(event('ControlRight'));
    capture.keyUp(event('ControlRight'));
    expect([happened, sent]).toEqual([['free'], []]);
  });

  it('with another key is a shortcut and frees nothing', () => {
    const { capture, sent, happened, event } = keyboard();
    capture.keyDown(event('ControlRight'));
    capture.keyDown(event('KeyF'));
    capture.keyUp(event('KeyF'));
    capture.keyUp(event('ControlRight'));
    expect([happened, sent]).toEqual([['shortcut KeyF'], []]);
  });
});

describe('combinations', () => {
  it('are pressed in order and released in reverse', () => {
    const { capture, sent } = keyboard();
    capture.chord(['ControlLeft', 'AltLeft', 'Delete']);
    expect(sent).toEqual([0x1d, 0x38, 0xe0, 0x53, 0xe0, 0xd3, 0xb8, 0x9d]);
  });

  it('Ctrl+Shift+C copies, and C does not reach the machine', () => {
    const { capture, sent, happened, event } = keyboard();
    capture.keyDown(event('KeyC', { ctrlKey: true, shiftKey: true }));
    capture.keyUp(event('KeyC', { ctrlKey: true, shiftKey: true }));
    expect([happened, sent]).toEqual([['copy'], []]);
  });

  it('leave to the key of the user’s choice, and the right Control to the guest then', () => {
    const { capture, sent, happened, event } = keyboard('ScrollLock');
    capture.keyDown(event('ControlRight'));
    capture.keyUp(event('ControlRight'));
    expect(sent).toEqual([0xe0, 0x1d, 0xe0, 0x9d]);
    capture.keyDown(event('ScrollLock'));
    capture.keyDown(event('KeyF'));
    capture.keyUp(event('KeyF'));
    capture.keyUp(event('ScrollLock'));
    capture.keyDown(event('ScrollLock'));
    capture.keyUp(event('ScrollLock'));
    expect(happened).toEqual(['shortcut KeyF', 'free']);
  });
});
