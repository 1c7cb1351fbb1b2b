// The texts that the desktop shell shows itself: menus, the tray, dialogs of the system. The window has its own.

import type { PickPurpose, QuitAction } from '../../shared/rpc/app-contract.ts';

export interface Texts {
  readonly file: string;
  readonly newMachine: string;
  readonly closeWindow: string;
  readonly quit: string;
  readonly view: string;
  readonly window: string;
  readonly help: string;
  readonly about: string;
  readonly show: string;
  readonly running: (name: string) => string;
  readonly noneRunning: string;
  readonly closeTitle: (running: number) => string;
  readonly closeDetail: string;
  readonly closeButtons: Readonly<Record<QuitAction, string>>;
  readonly remember: string;
  readonly cancel: string;
  readonly stillRunning: (names: string) => string;
  readonly stillRunningDetail: string;
  readonly choose: Readonly<Record<PickPurpose, string>>;
}

const en: Texts = {
  file: 'File',
  newMachine: 'New Machine…',
  closeWindow: 'Close Window',
  quit: 'Quit Boxwright',
  view: 'View',
  window: 'Window',
  help: 'Help',
  about: 'About Boxwright',
  show: 'Show Boxwright',
  running: (name) => `${name} is running`,
  noneRunning: 'No machine is running',
  closeTitle: (running) => (running === 1 ? 'A machine is running.' : `${running} machines are running.`),
  closeDetail: 'Powering off is like pulling the plug: guests lose what they have not saved.',
  closeButtons: { keep: 'Keep Running in the Background', save: 'Save Their States and Quit', shutdown: 'Shut Down and Quit', powerOff: 'Power Off and Quit' },
  remember: 'Do this always',
  cancel: 'Cancel',
  stillRunning: (names) => `Still running: ${names}.`,
  stillRunningDetail: 'It did not shut down within a minute, or its state could not be saved (its log says why). Power it off, or keep it running.',
  choose: {
    kernel: 'Choose a kernel',
    initrd: 'Choose an initial RAM disk',
    disk: 'Choose a disk image',
    cdrom: 'Choose a CD image',
    floppy: 'Choose a floppy image',
    appliance: 'Choose a machine to import',
    folder: 'Choose a folder for machines',
  },
};

const zhCn: Texts = {
  file: '文件',
  newMachine: '新建虚拟机…',
  closeWindow: '关闭窗口',
  quit: '退出 Boxwright',
  view: '视图',
  window: '窗口',
  help: '帮助',
  about: '关于 Boxwright',
  show: '显示 Boxwright',
  running: (name) => `${name} 正在运行`,
  noneRunning: '没有虚拟机在运行',
  closeTitle: (running) => `${running} 台虚拟机正在运行。`,
  closeDetail: '切断电源等于拔掉插头：客户机会丢失未保存的内容。',
  closeButtons: { keep: '在后台继续运行', save: '保存状态并退出', shutdown: '关机并退出', powerOff: '切断电源并退出' },
  remember: '总是这样做',
  cancel: '取消',
  stillRunning: (names) => `仍在运行：${names}。`,
  stillRunningDetail: '它在一分钟内没有关机，或无法保存其状态（原因见其日志）。请切断电源，或让它继续运行。',
  choose: {
    kernel: '选择内核',
    initrd: '选择初始内存盘',
    disk: '选择磁盘映像',
    cdrom: '选择光盘映像',
    floppy: '选择软盘映像',
    appliance: '选择要导入的虚拟机',
    folder: '选择存放虚拟机的文件夹',
  },
};

/** `chosen` as in the preferences, `system` the locale of the system: "zh-CN". */
export function textsFor(chosen: string, system: string): Texts {
  return (chosen === 'system' ? system : chosen).toLowerCase().startsWith('zh') ? zhCn : en;
}
