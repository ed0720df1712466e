export function charge(account: string, cents: number): string {
  return `${account} paid ${cents}`;
}
