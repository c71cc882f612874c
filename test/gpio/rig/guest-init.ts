/** Where the guest's kernel is told what to run, by `gengfu.run=` on its command line. */
export const runParameter = "gengfu.run";

/**
 * What the guest does: it loads the modules, mounts the host's files to read and one folder to write, runs the script
 * that the kernel's command line names, and tells QEMU how that ended.
 */
export function guestInit(modules: readonly string[]): string {
  return `#!/busybox sh
/busybox mount -t proc proc /proc
/busybox mount -t devtmpfs dev /dev
for module in ${modules.join(" ")}; do /busybox insmod /modules/$module || echo "$module can't be loaded"; done
share() { /busybox mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,$3 $1 $2; }
share host /mnt cache=loose,ro
/busybox mount -t proc proc /mnt/proc
/busybox mount -t sysfs sys /mnt/sys
/busybox mount -t devtmpfs dev /mnt/dev
/busybox mount -t configfs config /mnt/sys/kernel/config
/busybox mkdir -p /mnt/dev/shm
/busybox mount -t tmpfs shm /mnt/dev/shm
/busybox mkdir /mnt/dev/shm/results
share results /mnt/dev/shm/results cache=none
/busybox ip link set lo up
run=$(/busybox sed -n 's/.*${runParameter}=\\([^ ]*\\).*/\\1/p' /proc/cmdline)
/busybox chroot /mnt /bin/sh /dev/shm/results/$run
# QEMU ends with twice the number and one; a guest that panics never gets here
if [ $? = 0 ]; then code=1; else code=2; fi
printf "\\\\$code" | /busybox dd of=/dev/port bs=1 seek=244 count=1 2>/dev/null
`;
}
