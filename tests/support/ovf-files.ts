// OVF packages as other programs write them, made here by hand: descriptors of each version, and tar archives with
// whatever header a test wants.

import { createHash } from 'node:crypto';

export interface TarPart {
  readonly name: string;
  readonly content?: Uint8Array | string;
  /** "0" file, "1" hard link, "2" symbolic link, "5" folder. */
  readonly type?: string;
  /** What the header says, where it lies. */
  readonly bytes?: number;
}

export function tarOf(parts: readonly TarPart[]): Buffer {
  const blocks: Buffer[] = [];
  for (const { name, content = '', type = '0', bytes } of parts) {
    const body = Buffer.from(content as string);
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write('0000644\0', 100);
    header.write('0000000\0'.repeat(2), 108);
    header.write(`${(bytes ?? body.length).toString(8).padStart(11, '0')}\0`, 124);
    header.write('00000000000\0', 136);
    header.write('        ', 148);
    header.write(type, 156);
    header.write('ustar\x0000', 257);
    header.write(`${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148);
    blocks.push(header, body, Buffer.alloc((512 - (body.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

export function manifestOf(files: Readonly<Record<string, Uint8Array | string>>, algorithm = 'sha256'): string {
  return Object.entries(files)
    .map(([name, content]) => `${algorithm.toUpperCase()}(${name})= ${createHash(algorithm).update(content).digest('hex')}\n`)
    .join('');
}

const RASD = 'http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData';
const row = (fields: Readonly<Record<string, string | number>>, name = 'Item') =>
  `<${name}>${Object.entries(fields).map(([key, value]) => `<rasd:${key}>${value}</rasd:${key}>`).join('')}</${name}>`;

/** As VirtualBox writes version 1: an IDE and a SATA disk, a CD drive, a network adapter, sound, its own settings. */
export function ovf10(disk: { href: string; bytes: number; capacity: number }, extra = ''): string {
  return `<?xml version="1.0"?>
<Envelope ovf:version="1.0" xml:lang="en-US" xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
  xmlns:rasd="${RASD}" xmlns:vbox="http://www.virtualbox.org/ovf/machine">
  <References><File ovf:id="file1" ovf:href="${disk.href}" ovf:size="${disk.bytes}"/></References>
  <DiskSection><Info>Disks</Info>
    <Disk ovf:capacity="${disk.capacity}" ovf:diskId="vmdisk1" ovf:fileRef="file1" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
    <Disk ovf:capacity="2" ovf:capacityAllocationUnits="byte * 2^20" ovf:diskId="vmdisk2" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
  </DiskSection>
  <NetworkSection><Info>Networks</Info><Network ovf:name="NAT"/></NetworkSection>
  <VirtualSystem ovf:id="Old &amp; grey"><Info>A machine</Info>
    <OperatingSystemSection ovf:id="96"><Info>Guest</Info><Description>Debian_64</Description></OperatingSystemSection>
    <VirtualHardwareSection><Info>Hardware</Info>
      ${row({ InstanceID: 1, ElementName: '2 CPUs', ResourceType: 3, VirtualQuantity: 2 })}
      ${row({ InstanceID: 2, ElementName: 'memory', ResourceType: 4, AllocationUnits: 'MegaBytes', VirtualQuantity: 384 })}
      ${row({ Address: 1, InstanceID: 3, ElementName: 'ide1', ResourceSubType: 'PIIX4', ResourceType: 5 })}
      ${row({ Address: 0, InstanceID: 4, ElementName: 'sata0', ResourceSubType: 'AHCI', ResourceType: 20 })}
      ${row({ AddressOnParent: 0, InstanceID: 5, ElementName: 'disk1', HostResource: '/disk/vmdisk1', Parent: 3, ResourceType: 17 })}
      ${row({ AddressOnParent: 1, InstanceID: 6, ElementName: 'disk2', HostResource: 'ovf:/disk/vmdisk2', Parent: 4, ResourceType: 17 })}
      ${row({ AddressOnParent: 1, InstanceID: 7, ElementName: 'cdrom1', Parent: 3, ResourceType: 15 })}
      ${row({ InstanceID: 8, ElementName: 'Ethernet adapter', Connection: 'NAT', ResourceSubType: 'E1000', ResourceType: 10 })}
      ${row({ InstanceID: 9, ElementName: 'sound', ResourceSubType: 'ensoniq1371', ResourceType: 35 })}
    </VirtualHardwareSection>
    <vbox:Machine ovf:required="false" version="1.16" uuid="{0}"/>${extra}
  </VirtualSystem>
</Envelope>`;
}

/** Version 0.9: sections are told apart by their types, resources have no "ovf:" in front. */
export function ovf09(disk: { href: string; bytes: number; capacity: number }): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<ovf:Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:ovf="http://www.vmware.com/schema/ovf/1/envelope" xmlns:rasd="${RASD}" ovf:version="0.9">
  <References><File ovf:id="file1" ovf:href="${disk.href}" ovf:size="${disk.bytes}"/></References>
  <Section xsi:type="ovf:DiskSection_Type"><Info>Disks</Info><Disk ovf:diskId="vmdisk1" ovf:fileRef="file1" ovf:capacity="${disk.capacity}" ovf:format="http://www.vmware.com/specifications/vmdk.html#sparse"/></Section>
  <Content ovf:id="Ancient" xsi:type="ovf:VirtualSystem_Type"><Info>A machine</Info>
    <Section ovf:id="67" xsi:type="ovf:OperatingSystemSection_Type"><Info>Guest</Info><Description>Windows XP</Description></Section>
    <Section xsi:type="ovf:VirtualHardwareSection_Type"><Info>Hardware</Info>
      ${row({ Caption: '256 MB', InstanceId: 1, ResourceType: 4, AllocationUnits: 'MegaBytes', VirtualQuantity: 256 })}
      ${row({ Caption: 'ideController0', InstanceId: 2, ResourceType: 5, Address: 0 })}
      ${row({ Caption: 'disk', InstanceId: 3, ResourceType: 17, HostResource: 'disk/vmdisk1', Parent: 2, AddressOnParent: 0 })}
    </Section>
  </Content>
</ovf:Envelope>`;
}

/** Version 2: rows for disks have a name of their own; two machines, and a SCSI controller. */
export function ovf20(disk: { href: string; bytes: number; capacity: number }): string {
  const system = (id: string) => `<VirtualSystem ovf:id="${id}"><Info>A machine</Info><Name>${id}</Name>
    <OperatingSystemSection ovf:id="101"><Info>Guest</Info><Description>Linux</Description></OperatingSystemSection>
    <VirtualHardwareSection><Info>Hardware</Info>
      ${row({ ElementName: 'memory', InstanceID: 1, ResourceType: 4, AllocationUnits: 'byte * 2^30', VirtualQuantity: 64 })}
      ${row({ Address: 0, ElementName: 'SCSI', InstanceID: 2, ResourceSubType: 'lsilogic', ResourceType: 6 })}
      <StorageItem><sasd:AddressOnParent>0</sasd:AddressOnParent><sasd:ElementName>disk</sasd:ElementName><sasd:HostResource>ovf:/disk/d1</sasd:HostResource><sasd:InstanceID>3</sasd:InstanceID><sasd:Parent>2</sasd:Parent><sasd:ResourceType>17</sasd:ResourceType></StorageItem>
      <EthernetPortItem><epasd:ElementName>eth0</epasd:ElementName><epasd:InstanceID>4</epasd:InstanceID><epasd:ResourceType>10</epasd:ResourceType></EthernetPortItem>
      <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>
    </VirtualHardwareSection></VirtualSystem>`;
  return `<?xml version="1.0"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/2" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/2" xmlns:rasd="${RASD}" xmlns:sasd="s" xmlns:epasd="e" xmlns:vmw="v">
  <References><File ovf:id="f1" ovf:href="${disk.href}" ovf:size="${disk.bytes}" ovf:compression="gzip"/></References>
  <DiskSection><Info>Disks</Info><Disk ovf:diskId="d1" ovf:fileRef="f1" ovf:capacity="${disk.capacity}" ovf:format="raw"/></DiskSection>
  <VirtualSystemCollection ovf:id="both"><Info>Two</Info>${system('first')}${system('second')}</VirtualSystemCollection>
</Envelope>`;
}
