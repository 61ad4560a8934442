/** Whether no other device can open the link: on every device, such an address means the device itself. */
export function opensHereOnly(link: string): boolean {
  if (!URL.canParse(link)) return false;
  return /^(localhost|.*\.localhost|127(\.\d+){3}|0\.0\.0\.0|\[::1?\])$/.test(new URL(link).hostname);
}
