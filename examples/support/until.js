/** Resolves when `check` holds, which is looked at now and whenever the room's members change. */
export function until(channel, check) {
  if (check()) return Promise.resolve();
  return new Promise((resolve) => {
    const off = channel.on("members", () => {
      if (!check()) return;
      off();
      resolve();
    });
  });
}
