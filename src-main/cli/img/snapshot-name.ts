// How `-l` names an internal snapshot: "name", or "snapshot.id=1" or "snapshot.name=x". Reference: qemu-img(1).

export function snapshotName(text: string | undefined): string | undefined {
  return text?.replace(/^snapshot\.(id|name)=/, '');
}
