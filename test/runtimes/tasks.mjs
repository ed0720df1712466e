export function add(a, b) {
  return a + b;
}

export function fail() {
  throw Object.assign(new RangeError('on purpose'), { code: 'E_ON_PURPOSE' });
}

export function* count(n) {
  for (let i = 0; i < n; i += 1) yield i;
}

export function sum(array) {
  return array.reduce((total, value) => total + value, 0);
}

export function never() {
  for (;;);
}
