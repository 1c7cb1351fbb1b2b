// A media process in this process: the real tools behind the real contract, on a channel of its own.

import { mediaContract } from '../../shared/rpc/media-contract.ts';
import { serve } from '../../shared/rpc/serve.ts';
import { writeDemoCd } from '../../src-main/host/demo-image.ts';
import { createEmptyImage } from '../../src-main/host/empty-image.ts';
import { probeFile } from '../../src-main/host/file-probe.ts';
import { MediaTools } from '../../src-main/host/media-tools.ts';
import type { ProcessHandle } from '../../src-main/services/process-handle.ts';
import { channelPair } from './channel-pair.ts';

export function mediaProcess(): ProcessHandle {
  const [near, far] = channelPair();
  const tools = new MediaTools((progress) => server.emit('progress', progress));
  const server = serve(mediaContract, far, {
    probe: probeFile,
    createImage: createEmptyImage,
    writeDemoCd,
    imageInfo: (request) => tools.imageInfo(request),
    convertImage: (request) => tools.convertImage(request),
    resizeImage: (request) => tools.resizeImage(request),
    compactImage: (request) => tools.compactImage(request),
    checkImage: (request) => tools.checkImage(request),
    verifyState: (request) => tools.verifyState(request),
    createOverlay: (request) => tools.createOverlay(request),
    mergeLayers: (request) => tools.mergeLayers(request),
    setBacking: (request) => tools.setBacking(request),
    inspectAppliance: (request) => tools.inspectAppliance(request),
    unpackAppliance: (request) => tools.unpackAppliance(request),
    packBundle: (request) => tools.packBundle(request),
    packOvf: (request) => tools.packOvf(request),
    cancel: (request) => tools.cancel(request),
  });
  const exits: (() => void)[] = [];
  return {
    pid: 1,
    channel: near,
    handOver: () => undefined,
    onLine: () => undefined,
    onExit: (handler) => void exits.push(() => handler({ code: null, signal: 'SIGKILL' })),
    kill: () => {
      near.close();
      for (const exit of exits.splice(0)) exit();
    },
  };
}
