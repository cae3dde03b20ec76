#!/usr/bin/env bash
# Workers on shared file systems: two mounts of one folder stand for two hosts, a worker on each, killed at random moments and
# begun again; scores are compared with those of one process, byte by byte.
#   tools/peers/shared_folder.sh [nfs] [glusterfs]        KILLS [20] of each
# glusterfs is a server and its own FUSE client. nfs is NFS-Ganesha (version 3) and, since kernels of small machines have no
# client, nfs_mount.py: libnfs through FUSE, which believes what it knows for 3 seconds, as the kernel's does. Debian's packages;
# needs root, /dev/fuse, and ports 22049, 22050 and 24007.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- nfs glusterfs
missing=()
for command in ganesha.nfsd:nfs-ganesha rpcbind:rpcbind glusterd:glusterfs-server glusterfs:glusterfs-client; do
    command -v "${command%%:*}" >/dev/null || missing+=("${command#*:}")
done
[ -e /usr/lib/*/libnfs.so.13 ] && [ -e /lib/*/libfuse.so.2 ] && [ -d /usr/lib/*/ganesha ] || missing+=(libnfs13 libfuse2 nfs-ganesha-vfs)
if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
cargo test --quiet --workspace --test workers --no-run
out=$(mktemp -d)
mkdir "$out/a" "$out/b" "$out/served"
pids=()
end() {
    umount "$out/a" "$out/b" 2>/dev/null || true
    for pid in "${pids[@]}" $(cat "$out"/state/*.pid "$out"/state/vols/*/*.pid 2>/dev/null); do kill "$pid" 2>/dev/null || true; done
    sleep 1
    rm -rf "$out"
}
trap end EXIT

mount_nfs() {
    local python url
    python=$(tools/peers/venv.sh nfs)
    pgrep -x rpcbind >/dev/null || rpcbind
    cat >"$out/ganesha.conf" <<CONF
NFS_CORE_PARAM { Protocols = 3; NFS_Port = 22049; MNT_Port = 22050; Enable_NLM = false; Enable_RQUOTA = false; Bind_addr = 127.0.0.1; }
EXPORT { Export_Id = 1; Path = $out/served; Pseudo = /x; Access_Type = RW; Squash = No_Root_Squash; SecType = sys; Protocols = 3; Transports = TCP; FSAL { Name = VFS; } }
CONF
    ganesha.nfsd -F -L "$out/ganesha.log" -f "$out/ganesha.conf" -p "$out/ganesha.pid" >/dev/null 2>&1 &
    pids+=($!)
    for _ in $(seq 30); do grep -q "SERVER INITIALIZED" "$out/ganesha.log" 2>/dev/null && break; sleep 1; done
    url="nfs://127.0.0.1$out/served?nfsport=22049&mountport=22050&version=3"
    for place in a b; do
        "$python" tools/peers/nfs_mount.py "$url" "$out/$place" &
        pids+=($!)
    done
}
mount_glusterfs() {
    mkdir "$out/state"
    cat >"$out/glusterd.vol" <<CONF
volume management
    type mgmt/glusterd
    option working-directory $out/state
    option run-directory $out/state
    option transport-type socket
    option transport.socket.listen-port 24007
    option transport.address-family inet
end-volume
CONF
    glusterd --volfile="$out/glusterd.vol" --pid-file="$out/state/glusterd.pid" --log-file="$out/glusterd.log"
    sleep 4
    gluster --mode=script volume create acbench "$(hostname):$out/served/brick" force
    gluster --mode=script volume start acbench
    for place in a b; do mount -t glusterfs "$(hostname):/acbench" "$out/$place"; done
}

for kind in "$@"; do
    "mount_$kind"
    for place in a b; do
        for _ in $(seq 20); do mountpoint -q "$out/$place" && break; sleep 1; done
        mountpoint "$out/$place"
    done
    echo seen >"$out/a/seen"
    [ "$(cat "$out/b/seen")" = seen ]
    echo "== $kind"
    ACBENCH_SHARED=$out/a:$out/b ACBENCH_KILL_WORKERS=${KILLS:-20} \
        cargo test --quiet --workspace --test workers killed_at -- --nocapture
    umount "$out/a" "$out/b"
done
