export function worthSharing(_address: number): boolean {
  return true;
}
